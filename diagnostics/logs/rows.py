"""Rows of protocol logs, taken apart without the csv module where no quote stands in the way."""

from __future__ import annotations

import csv
from typing import Final

from diagnostics.logs.layout import Layout

EVENTS: Final = frozenset((b"+", b"-", b">", b"<", b"*", b""))
_LONGEST: Final = 100_000  # bytes of a row that are looked into; Exchange writes a few thousand at most
_CELLS: Final = 8
_SHORTEST_TIME: Final = len("2026-11-18T08:12:44Z")
_LONGEST_ID: Final = 60
_PLACES: Final = (
    "date-time",
    "connector-id",
    "session-id",
    "sequence-number",
    "local-endpoint",
    "remote-endpoint",
    "event",
)
Cells = list[bytes]


def cells(line: bytes, layout: Layout) -> Cells | None:
    """date-time, connector, session, sequence, local, remote, event, and the rest of the row as it stands; None for no row.

    `line` has no line end. The order is always this one, whatever the layout's.
    """
    found: Cells | None
    if layout.usual and line[:3] != b"\xef\xbb\xbf":
        found = line.split(b",", 7)
        if len(found) > 1 and found[1][:1] == b'"':
            found = quoted(line)
    else:
        found = _mapped(line[:_LONGEST], layout)
    if found is None or len(found) < _CELLS or found[6] not in EVENTS or not found[3].isdigit():
        return None
    return found if len(found[0]) >= _SHORTEST_TIME and 0 < len(found[2]) <= _LONGEST_ID else None


def data_and_context(rest: bytes) -> tuple[str, str]:
    """The two columns behind the event. Commas in the data that nobody quoted make more of them."""
    values = split(rest[:_LONGEST].decode("utf-8", "replace"))
    if len(values) < 2:
        return "".join(values).strip(), ""
    return ",".join(values[:-1]).strip(), values[-1].strip().lstrip(";,").strip()


def split(text: str) -> list[str]:
    """The cells of one row."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return text[:10_000].split(",")


def quoted(line: bytes) -> Cells | None:
    """As `cells`, where the connector's name is quoted because a comma is in it."""
    date, name, rest = (*line.split(b'"', 2), b"", b"")[:3]
    if rest[:1] != b",":  # a quote in the name
        date, _, rest = line.partition(b',"')
        name, closed, rest = rest.partition(b'",')
        return [date, name.replace(b'""', b'"'), *rest.split(b",", 5)] if closed else None
    return [date[:-1], name, *rest[1:].split(b",", 5)]


def _mapped(line: bytes, layout: Layout) -> Cells | None:
    values = split(line.decode("utf-8", "replace").lstrip("\ufeff"))
    row = dict(zip(layout.columns, values, strict=False))
    if not all(name in row for name in _PLACES):
        return None
    data = row.get("data", "").replace('"', '""')
    rest = f'"{data}",{row.get("context", "")}'
    return [*(row[name].strip().encode() for name in _PLACES), rest.encode()]
