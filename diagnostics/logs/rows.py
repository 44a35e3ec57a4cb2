"""Rows of protocol logs, taken apart without the csv module where no quote stands in the way."""

from __future__ import annotations

import csv
from typing import Final

from diagnostics.logs.layout import Layout

_EVENTS: Final = frozenset((b"+", b"-", b">", b"<", b"*", b""))
_LONGEST: Final = 100_000  # bytes of a row that are read; Exchange writes rows of a few thousand at most
_CELLS: Final = 8
_TIME: Final = len("2026-11-18T08:12:44.018Z")
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
    if layout.usual and not line.startswith(b"\xef\xbb\xbf"):
        found: Cells | None = line[:_LONGEST].split(b",", 7)
        if found and len(found) > 1 and found[1][:1] == b'"':
            found = _quoted(line[:_LONGEST])
    else:
        found = _mapped(line[:_LONGEST], layout)
    if (
        found is None
        or len(found) < 8
        or found[6] not in _EVENTS
        or not found[3].isdigit()
        or not 0 < len(found[2]) <= 60
    ):
        return None
    return found


def plain(row: Cells) -> bool:
    """Whether a line that was split at its first seven commas is a row as it stands, with no quote among its first columns."""
    return len(row) == _CELLS and row[6] in _EVENTS and row[3].isdigit() and len(row[0]) == _TIME and row[1][:1] != b'"'


def data_and_context(rest: bytes) -> tuple[str, str]:
    """The two columns behind the event. Commas in the data that nobody quoted make more of them."""
    values = split(rest.decode("utf-8", "replace"))
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


def _quoted(line: bytes) -> Cells | None:
    """As `cells`, where the connector's name is quoted because a comma is in it."""
    date, _, rest = line.partition(b',"')
    name, closed, rest = rest.partition(b'",')
    return [date, name.replace(b'""', b'"'), *rest.split(b",", 5)] if closed else None


def _mapped(line: bytes, layout: Layout) -> Cells | None:
    values = split(line.decode("utf-8", "replace").lstrip("\ufeff"))
    row = dict(zip(layout.columns, values, strict=False))
    if not all(name in row for name in _PLACES):
        return None
    data = row.get("data", "").replace('"', '""')
    rest = f'"{data}",{row.get("context", "")}'
    return [*(row[name].strip().encode() for name in _PLACES), rest.encode()]
