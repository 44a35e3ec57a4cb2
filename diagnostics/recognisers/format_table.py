"""Format-Table output of PowerShell: cells stand under their header, numbers end where it ends; or between bars (Markdown)
or tabs.

Source: https://learn.microsoft.com/powershell/scripting/samples/using-format-commands-to-change-output-view
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import Final

from msgspec import Struct

from diagnostics.patterns import linear

Lines = Sequence[tuple[int, str]]

_LONGEST_HEADER: Final = 1000
_BAR: Final = -1  # the column of a header between bars
_TAB: Final = -2  # and of one between tabs, as a spreadsheet or a web page copies it
_COLLECTION = linear(r"\{[^{}]{0,400}\}")
_PART = linear(r"\{[^{}]{0,400}\}|\S+")
_PUSHED: Final = 3  # columns by which a value before it may have moved a cell
_PROMPT = linear(r"^\s*(?:\[PS\] ?|PS )[A-Z]:\\[^>]{0,200}>\s*$")
_APART = linear(r"\S {2,}\S|[{}]")  # cells, or a collection in one
_FEWEST_WORDS: Final = 3  # of small letters: names and values of settings have capitals, or are single words
_OF_SEVERAL_WORDS: Final = frozenset({"name", "displayname", "identity", "domainname"})  # what people call things
_WORD = linear(r"\S+")
_NUMBER = linear(r"^[\d.,:%-]+$")


class TableRow(Struct, frozen=True):
    """One row of a table: cells by lower-case header name, "" where the row has none; `line` is 0-based."""

    line: int
    cells: dict[str, str]
    lines: tuple[int, ...]


def tables(lines: Lines, *needed: str) -> Iterator[TableRow]:
    """Rows of the tables whose header has all of the lower-case names in `needed`. A blank line or a prompt ends a table."""
    header: list[tuple[str, int]] = []
    row: TableRow | None = None
    for index, text in lines:
        line = text.rstrip() if "\t" in text.strip() else text.expandtabs(8).rstrip()
        line = "" if _PROMPT.search(line) else line
        names = _header(line, needed)
        if not names and header and line:
            if not line.strip("-|: \t"):
                continue  # the rule below the header
            if _is_sentence(header, line):
                continue
            cells = _cells(header, line)
            if row is not None and not line[:1].strip() and not next(iter(cells.values())):
                row = _wrapped(row, cells, index)
                continue
        if row is not None:
            yield row
        if names or (not line and row is not None):
            header = names
        row = TableRow(index, cells, (index,)) if not names and header and line else None
    if row is not None:
        yield row


def _is_sentence(header: list[tuple[str, int]], line: str) -> bool:
    """Whether somebody wrote `line` right below a table: words of running text, which no columns part."""
    words = line.split()
    if header[0][1] < 0 or len(words) <= len(header) or _APART.search(line):
        return False
    plain = sum(word.isalpha() and word.islower() for word in words)
    return plain >= _FEWEST_WORDS and 2 * plain > len(words)


def _header(line: str, needed: tuple[str, ...]) -> list[tuple[str, int]]:
    """Names and columns of the header, if `line` is one with all that is needed."""
    low = line[:_LONGEST_HEADER].lower()
    if not all(name in low for name in needed):
        return []
    for kind, between in ((_BAR, _between_bars(low)), (_TAB, _between_tabs(low))):
        if between and set(needed) <= set(between):
            return [(word, kind) for word in between]
    low = low.expandtabs(8)
    words = low.split()
    if not set(needed) <= set(words):
        return []
    found, start = list[tuple[str, int]](), 0
    for word in words:
        start = low.index(word, start)
        found.append((word, start))
        start += len(word)
    return found


def _cells(header: list[tuple[str, int]], line: str) -> dict[str, str]:
    """Cut `line` at the headers; a number is right-aligned, so a cell may begin left of its header."""
    names = [name for name, _ in header]
    if header[0][1] == _BAR:
        return dict(zip_longest(names, _between_bars(line)[: len(header)], fillvalue=""))
    if header[0][1] == _TAB and "\t" in line:
        return dict(zip_longest(names, _between_tabs(line)[: len(header)], fillvalue=""))
    line = line.expandtabs(8)
    words = line.split()
    squeezed = _is_squeezed(header)  # then no cell stands below its header
    if len(words) == len(header) and not line[:1].isspace() and (squeezed or not _stands_below(header, line)):
        return dict(zip(names, words, strict=True))
    if squeezed and (told := _told_in_order(names, line)):
        return told
    collections = [found.span() for found in _COLLECTION.finditer(line)]
    cuts = [0]
    for _, start in header[1:]:
        cuts.append(_cut(line, min(start, len(line)), cuts[-1], collections))
    cuts.append(len(line))
    return {name: line[cuts[i] : cuts[i + 1]].strip() for i, (name, _) in enumerate(header)}


def _is_squeezed(header: list[tuple[str, int]]) -> bool:
    """Whether single blanks part the header: chat has squeezed the table, or no cell is wider than its header."""
    return len(header) > 1 and all(start + len(name) + 1 == follows for (name, start), (_, follows) in pairwise(header))


def _told_in_order(names: list[str], line: str) -> dict[str, str]:
    """The cells of a squeezed row whose first one is a name of several words; none where it has fewer words than cells."""
    parts = [found.group(0) for found in _PART.finditer(line)]
    spare = len(parts) - len(names)
    if spare < 0 or names[0] not in _OF_SEVERAL_WORDS:
        return {}
    return dict(zip(names, [" ".join(parts[: spare + 1]), *parts[spare + 1 :]], strict=True))


def _stands_below(header: list[tuple[str, int]], line: str) -> bool:
    """Whether half of the words of a row, without the first, stand below a header: chat squeezes blanks, and then few do."""
    begins, ends = {start for _, start in header[1:]}, {start + len(name) for name, start in header[1:]}
    found = list(_WORD.finditer(line))[1:]
    return 2 * sum(each.start() in begins or each.end() in ends for each in found) >= len(found)


def _cut(line: str, start: int, last: int, whole: Sequence[tuple[int, int]]) -> int:
    """Where the cell begins whose header stands at `start`; the one before it begins at `last`.

    A word or collection on the border is the cell's own, unless it begins where the one before does, which would have nothing
    then: a value that is wider than its column, as in rows put together by hand, pushes the next aside.
    """
    if start <= last:
        return last
    if line[start : start + 1] == " ":  # what stands before it ends there
        return start
    begin, end = next((each for each in whole if each[0] < start < each[1]), (start, start))
    while last < begin < len(line) and line[begin - 1] != " ":
        begin -= 1
    wider = begin < start and begin - last <= _PUSHED and not line[last:begin].strip()
    if wider and not _NUMBER.search(line[begin:].split(" ", 1)[0]):
        while end < len(line) and line[end] != " ":
            end += 1
        return end
    return max(begin, last)


def _between_bars(line: str) -> list[str]:
    """The cells of a row whose ends are bars; none where they aren't."""
    whole = line.strip()
    return [cell.strip() for cell in whole[1:-1].split("|")] if whole[:1] == whole[-1:] == "|" != whole else []


def _between_tabs(line: str) -> list[str]:
    """The cells of a row with tabs between them; none where it has no tab."""
    return [cell.strip() for cell in line.split("\t")] if "\t" in line.strip() else []


def _wrapped(row: TableRow, cells: dict[str, str], index: int) -> TableRow:
    joined = {name: f"{row.cells[name]} {cell}".strip() for name, cell in cells.items()}
    return TableRow(row.line, joined, (*row.lines, index))
