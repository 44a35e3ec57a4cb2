"""Rows of protocol logs, taken apart without the csv module where no quote stands in the way."""

from __future__ import annotations

import codecs
import csv
from typing import Final

from diagnostics.logs.layout import Layout

EVENTS: Final = frozenset((b"+", b"-", b">", b"<", b"*", b""))
_LONGEST: Final = 100_000  # bytes of a row that are looked into; Exchange writes a few thousand at most
_CELLS: Final = 8
_SHORTEST_TIME: Final = len("2026-11-18T08:12:44Z")
_LONGEST_ID: Final = 60
_MARK: Final = codecs.BOM_UTF8
_ODD: Final = (_MARK[:1], b'"')  # a row begins with neither, unless a spreadsheet or a shell saved it again
_FIRST: Final = 7  # columns that every row must have: those before the data
Cells = list[bytes]


def cells(line: bytes, layout: Layout) -> Cells | None:
    """date-time, connector, session, sequence, local, remote, event, and the rest of the row as it stands; None for no row.

    `line` has no line end. The order is always this one, whatever the layout's.
    """
    found: Cells | None
    if layout.usual and not layout.more and line[:1] not in _ODD:
        found = line.split(b",", 7)
        if len(found) > 1 and found[1][:1] == b'"':
            found = quoted(line)
    else:
        *row, data, context = picked(line, layout)
        found = [*row, _written(data) + b"," + _written(context)] if min(layout.places[:_FIRST]) >= 0 else None
    if found is None or len(found) < _CELLS or found[6] not in EVENTS or not found[3].isdigit():
        return None
    return found if len(found[0]) >= _SHORTEST_TIME and 0 < len(found[2]) <= _LONGEST_ID else None


def data_and_context(rest: bytes) -> tuple[str, str]:
    """The two columns behind the event. Commas in the data that nobody quoted make more of them."""
    values = [each.decode("utf-8", "replace") for each in split(rest[:_LONGEST])]
    if len(values) < 2:
        return "".join(values).strip(), ""
    return ",".join(values[:-1]).strip(), values[-1].strip().lstrip(";,").strip()


def picked(line: bytes, layout: Layout) -> Cells:
    """The cells of the columns that matter, in the order of `layout.places`; empty where the row has none.

    Commas in the last column that nobody quoted make more of them.
    """
    values = split(line[:_LONGEST].removeprefix(_MARK).rstrip(b"\r"))
    count, last = len(values), len(layout.columns) - 1
    if count > last + 1:
        values[last:] = [b",".join(values[last:])]
    return [values[place] if -1 < place < count else b"" for place in layout.places]


def split(line: bytes) -> Cells:
    """The cells of one row, without their quotes."""
    if b'"' not in line:
        return line.split(b",")
    found = _plainly_quoted(line)
    if found is not None:
        return found
    try:  # the module takes text apart; in this encoding every byte is a character
        return [each.encode("latin-1") for each in next(csv.reader([line.decode("latin-1")]), [])]
    except csv.Error:
        return line[:10_000].split(b",")


def _plainly_quoted(line: bytes) -> Cells | None:
    """The cells, in half the time of the csv module; None where a quote stands elsewhere than around a whole cell."""
    parts = line.split(b'"')
    if not len(parts) % 2:
        return None
    found = parts[0].split(b",")
    for number in range(1, len(parts), 2):
        behind = parts[number + 1]
        if found[-1] or (behind[:1] != b"," and number + 2 < len(parts)):
            return None
        found[-1] = parts[number]
        if behind:
            found += behind[1:].split(b",")
    return found if behind[:1] in (b",", b"") else None


def quoted(line: bytes) -> Cells | None:
    """As `cells`, where the connector's name is quoted because a comma is in it."""
    date, name, rest = (*line.split(b'"', 2), b"", b"")[:3]
    if rest[:1] != b",":  # a quote in the name
        date, _, rest = line.partition(b',"')
        name, closed, rest = rest.partition(b'",')
        return [date, name.replace(b'""', b'"'), *rest.split(b",", 5)] if closed else None
    return [date[:-1], name, *rest[1:].split(b",", 5)]


def _written(cell: bytes) -> bytes:
    """A cell as a row holds it."""
    return b'"' + cell.replace(b'"', b'""') + b'"' if b"," in cell or b'"' in cell else cell
