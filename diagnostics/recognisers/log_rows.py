"""Rows of Exchange's transport logs that are CSV below a `#Fields:` line: connectivity, tracking and agent logs.

A log file names its columns; an excerpt often lacks that line, then the usual columns hold. Rows that a console or a mail
client wrapped are put back together: every row begins with its time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from diagnostics.log_forms import START
from diagnostics.patterns import linear
from diagnostics.recognisers.protocol_rows import is_comment
from diagnostics.recognisers.wrapping import CONSOLES, broken, margin_of, rejoined

Lines = Iterable[tuple[int, str]]

_START = linear(START)
_FIELDS = linear(r"(?i)^\s*#Fields:\s*(.+)$")
_LOG_TYPE = linear(r"(?i)^\s*#Log-type:\s*(.+)$")
_MARGIN: Final = 60  # a mail client's line is rarely cut shorter than this
_MOST_PARTS: Final = 40


class LogRow(Struct, frozen=True):
    """A row's cells, and its values by lower-case column name; `lines` are the 0-based lines it stands on."""

    lines: tuple[int, ...]
    cells: tuple[str, ...]
    values: dict[str, str]

    @property
    def line(self) -> int:
        return self.lines[0]

    def get(self, name: str) -> str:
        return self.values.get(name, "")


def log_rows(lines: Lines, columns: tuple[str, ...]) -> Iterator[LogRow]:
    """Every row that begins with a time. `columns` are the usual ones, lower-case; a `#Fields:` line overrides them."""
    for indices, text in _joined(lines):
        named = _FIELDS.search(text)
        if named:
            columns = tuple(name.strip().lower() for name in named.group(1).split(","))
        elif _START.search(text):
            cells = split(text)
            yield LogRow(tuple(indices), cells, dict(zip(columns, cells, strict=False)))


def shifted(row: LogRow, columns: tuple[str, ...], at: int, name: str) -> LogRow:
    """The row read with column `name` at cell `at`: redaction removes or adds cells before it."""
    shift = at - columns.index(name)
    values = {each: row.cells[i + shift] for i, each in enumerate(columns) if at <= i + shift < len(row.cells)}
    return LogRow(row.lines, row.cells, values)


def split(text: str) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in next(csv.reader([text.strip()]), []))
    except csv.Error:  # a cell beyond the csv module's limit: no log row is that long
        return tuple(text[:10_000].split(","))


def comments(lines: Lines, log_type: str) -> set[int]:
    """The 0-based comment lines, if they open a log of this type (lower case) or of a type that is not told."""
    found: set[int] = set()
    for index, line in lines:
        if is_comment(line):
            named = _LOG_TYPE.search(line)
            if named and log_type not in named.group(1).lower():
                return set()
            found.add(index)
    return found


def _joined(lines: Lines) -> Iterator[tuple[list[int], str]]:
    lines = list(lines)
    margin = margin_of(lines)
    indices: list[int] = []
    parts: list[str] = []
    for index, line in lines:
        if _START.search(line) or is_comment(line):
            if indices:
                yield indices, rejoined(parts)
            indices, parts = [index], [line]
        elif indices and index == indices[-1] + 1 and _goes_on(parts, line, margin):
            indices.append(index)
            parts.append(line)
        elif indices:
            yield indices, rejoined(parts)
            indices, parts = [], []
    if indices:
        yield indices, rejoined(parts)


def _goes_on(parts: list[str], line: str, margin: int) -> bool:
    """Whether `line` goes on with a row: a quote is still open in it, or it was cut at a margin."""
    if not line.strip() or len(parts) > _MOST_PARTS:
        return False
    last = parts[-1]
    if is_comment(parts[0]):
        return bool(_FIELDS.search(parts[0])) and len(last) in CONSOLES
    quoted = sum(part.count('"') for part in parts) % 2 == 1
    cut = len(last) in CONSOLES or (len(last) >= _MARGIN and "," in line)
    return quoted or cut or broken(last, line, margin)
