"""What a log file says about itself in its comment lines: which log it is, and the order of its columns.

Five comment lines open a log file; `cat` of several files puts them into its middle as well. A file without them is known by
its rows, which then have the usual columns.
Source: https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from diagnostics.log_forms import (
    CONNECTIVITY_COLUMNS,
    CONNECTIVITY_SIGN,
    PROTOCOL_COLUMNS,
    START,
    TRACKING_COLUMNS,
    TRACKING_SIGN,
)
from diagnostics.patterns import linear

Kind = Literal["smtp-send-log", "smtp-receive-log", "tracking-log", "connectivity-log"]
HEAD: Final = 64 * 1024
"""Bytes at the beginning of a file that are looked at to know it."""

USUAL: Final[dict[Kind, tuple[str, ...]]] = {
    "smtp-send-log": PROTOCOL_COLUMNS,
    "smtp-receive-log": PROTOCOL_COLUMNS,
    "tracking-log": TRACKING_COLUMNS,
    "connectivity-log": CONNECTIVITY_COLUMNS,
}
_TRACKED: Final = (
    "date-time", "event-id", "source", "connector-id", "server-ip", "server-hostname", "internal-message-id", "message-id",
    "network-message-id", "recipient-status", "source-context",
)  # fmt: skip
_NEEDED: Final[dict[Kind, tuple[str, ...]]] = {**USUAL, "tracking-log": _TRACKED}
_TYPES: Final[tuple[tuple[str, Kind], ...]] = (
    ("smtp send protocol", "smtp-send-log"),
    ("smtp receive protocol", "smtp-receive-log"),
    ("message tracking", "tracking-log"),
    ("transport connectivity", "connectivity-log"),
)
_SIGNS: Final[tuple[tuple[str, Kind], ...]] = (
    (TRACKING_SIGN, "tracking-log"),
    (CONNECTIVITY_SIGN, "connectivity-log"),
    (rf"{START}.*(?:attempting to connect|_CLIENT\b|,>,\"?(?:EHLO|HELO)|,<,\"?2\d\d[ -])", "smtp-send-log"),
    (rf"{START}.*(?:Set Session Permissions|_SERVER\b|,<,\"?(?:EHLO|HELO)|,>,\"?2\d\d[ -])", "smtp-receive-log"),
)
_KNOWN: Final = tuple((linear(f"(?m){sign}"), kind) for sign, kind in _SIGNS)
_TIME = linear(r'(?m)^\s*"?(\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+Z?)"?,')


@dataclass(frozen=True, slots=True)
class Layout:
    """The kind of a log and its columns, lower case.

    `usual` says that those which Exchange has always written stand together in their order, `more` that there are others before
    or behind them. `places` are those of the columns that matter, the time's first; -1 where there is none.
    """

    kind: Kind
    columns: tuple[str, ...]
    usual: bool = field(init=False)
    more: bool = field(init=False)
    places: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        known, place = USUAL[self.kind], {name: number for number, name in enumerate(self.columns)}
        places = tuple(place.get(name, -1) for name in _NEEDED[self.kind])
        first = max(places[0], 0)
        object.__setattr__(self, "usual", self.columns[first : first + len(known)] == known)
        object.__setattr__(self, "more", len(self.columns) > len(known))
        object.__setattr__(self, "places", places)

    @classmethod
    def of(cls, kind: Kind) -> Layout:
        """The usual layout of a kind of log."""
        return cls(kind, USUAL[kind])

    def after(self, comment: str) -> Layout:
        """The layout below one more comment line."""
        name, _, value = comment.strip().lstrip("\ufeff").partition(":")
        if name.lower() == "#fields":
            return replace(self, columns=tuple(column.strip().lower() for column in value.split(",")))
        if name.lower() == "#log-type":
            kind = _kind_named(value)
            return Layout.of(kind) if kind and kind != self.kind else self
        return self


@dataclass(frozen=True, slots=True)
class Head:
    """The layout that a file begins with, and the time of its first row ("" where the head holds none)."""

    layout: Layout
    first: str


def head(text: str) -> Head | None:
    """What the beginning of a file says; None when it is no log of transport."""
    kind = next((found for line in text.split("\n", 40)[:40] if (found := _declared(line))), None)
    kind = kind or next((kind for sign, kind in _KNOWN if sign.search(text)), None)
    if kind is None:
        return None
    layout = Layout.of(kind)
    for line in text.split("\n", 40)[:40]:
        if line.lstrip("\ufeff")[:1] == "#":
            layout = layout.after(line)
    found = _TIME.search(text)
    return Head(layout, str(found.group(1)) if found else "")


def is_header(text: str) -> bool:
    """Whether a text opens as a log file of transport does, with its comment lines."""
    return any(_declared(line) for line in text[:2000].split("\n")[:8])


def _declared(line: str) -> Kind | None:
    name, _, value = line.strip().lstrip("\ufeff").partition(":")
    return _kind_named(value) if name.lower() == "#log-type" else None


def _kind_named(value: str) -> Kind | None:
    low = value.lower()
    return next((kind for words, kind in _TYPES if words in low), None)
