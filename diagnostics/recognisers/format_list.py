"""Format-List and Format-Table output of PowerShell, and what consoles, chat and redaction make of it.

Format-List prints `Name : value`, names padded to the longest, long values cut at the console's width and continued
under the value, objects separated by a blank line; Format-Table is positional: cells stand under their header.
Source: https://learn.microsoft.com/powershell/scripting/samples/using-format-commands-to-change-output-view
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import re2

Lines = Sequence[tuple[int, str]]

_PROPERTY = re2.compile(
    r"^([ \t]{0,24}(?:[-*\x{2022}][ \t]+)?)([A-Za-z][A-Za-z0-9_]{1,60})(?::[ \t]+)?([ \t]*):(?:[ \t]+(.*))?$"
)
# Chat and forms put a whole object on one line: three aligned names on a line are three properties.
_INLINE = re2.compile(r"(?:^|[ \t])([A-Z][A-Za-z0-9]{1,40})[ \t]+:(?:[ \t]|$)")
_FEWEST_INLINE: Final = 3
_CONSOLES: Final = frozenset({79, 80, 99, 100, 119, 120, 131, 132, 159, 160})
_MOST_PARTS: Final = 60
_MASK = re2.compile(
    r"(?i)^(?:[x*#.\-_]{3,}|x(?:x|[.:\-\s]x)+|[<\[(]?\s*(?:redacted|removed|masked|hidden"
    r"|anonymi[sz]ed|censored|snip(?:ped)?)\s*[>\])]?)$"
)
_ITEM = re2.compile(r'\s*((?:"[^"]*"|[^,"])+)')
_HEADER_WORD = re2.compile(r"\S+")
_RULE = re2.compile(r"^\s*-{2,}(?:\s+-{2,})*\s*$")


@dataclass(slots=True)
class Property:
    """One property. `lines` are the 0-based lines it was read from, `parts` their texts without the name."""

    name: str
    lines: list[int]
    parts: list[str]
    widths: list[int] = field(default_factory=list)

    @property
    def raw(self) -> str:
        """The value put back together: a console cuts inside words, a mail client at spaces."""
        if len(self.parts) == 1:
            return self.parts[0].strip()
        even = len(self.widths) > 2 and len(set(self.widths[:-1])) == 1
        whole = self.parts[0].strip()
        for part, width in zip(self.parts[1:], self.widths, strict=False):
            whole += part.strip() if even or width in _CONSOLES else f" {part.strip()}"
        return whole

    @property
    def value(self) -> str:
        return plain(self.raw)


@dataclass(slots=True)
class Block:
    """One object. Names are looked up in lower case; a masked or missing value is ""."""

    properties: dict[str, Property] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        return any(name in self.properties for name in names)

    def value(self, *names: str) -> str:
        """The first value that is told under one of `names`."""
        return next((v for name in names if (p := self.properties.get(name)) and (v := p.value)), "")

    def line(self, *names: str) -> int:
        """The 0-based line of the first of `names` that is there, else the first line of the object."""
        return next((self.properties[name].lines[0] for name in names if name in self.properties), self.lines[0])

    def flag(self, name: str) -> bool | None:
        """True or False as printed, None when the paste did not say."""
        return {"true": True, "false": False, "$true": True, "$false": False}.get(self.value(name).lower())


def plain(value: str) -> str:
    """`value`, or "" where it is a mask (XXXX, ****, x.x.x.x, <redacted>): a masked value is an unknown one."""
    value = value.strip()
    return "" if _MASK.search(value[:200]) else value


def items(value: str) -> tuple[str, ...]:
    """The members of a collection as printed, `{a, b...}` or `a, b`; a cut-off end is dropped."""
    inner = value.strip().removeprefix("{").removesuffix("}").removesuffix("...").strip()
    return tuple(found for each in _ITEM.findall(inner) if (found := plain(each)))


def blocks(lines: Lines) -> list[Block]:
    """The Format-List objects in `lines`, in order. Lines that are no property are passed over."""
    reader = _Reader(_apart(lines))
    for position, (index, line) in enumerate(lines):
        reader.take(index, line, lines[position + 1 : position + 4])
    return reader.done()


def _apart(lines: Lines) -> bool:
    """Whether blank lines stand between objects, not between all properties of a double-spaced paste."""
    indices = [i for i, line in lines if _PROPERTY.search(line)]
    close = sum(1 for one, other in pairwise(indices) if other == one + 1)
    spaced = sum(1 for one, other in pairwise(indices) if other == one + 2)
    return close > 0 or spaced < 2


@dataclass(slots=True)
class _Reader:
    apart: bool
    found: list[Block] = field(default_factory=list)
    current: Block = field(default_factory=Block)
    last: Property | None = None
    indent: int = 0
    colon: int = -1

    def take(self, index: int, line: str, ahead: Lines) -> None:
        if not line.strip():
            if self.apart:
                self._end()
            return
        found = _PROPERTY.search(line)
        if found and not self._nested(found):
            self._property(index, line, found)
        elif self.last is not None and self._goes_on(index, line, ahead):
            self.last.parts.append(line.strip())
            self.last.lines.append(index)
            self.last.widths.append(len(line.rstrip()))
            self.current.lines.append(index)
        else:
            self._end()

    def done(self) -> list[Block]:
        self._end()
        return self.found

    def _end(self) -> None:
        if self.current.properties:
            self.found.append(self.current)
        self.current, self.last, self.colon = Block(), None, -1

    def _property(self, index: int, line: str, found: Any) -> None:
        for name, value in _inline(line) or [(found.group(2), found.group(4) or "")]:
            if name.lower() in self.current.properties:
                self._end()
            if not self.current.properties:
                self.indent, self.colon = len(found.group(1)), found.end(3)
            self.last = Property(name, [index], [value], [len(line.rstrip())])
            self.current.properties[name.lower()] = self.last
            if index not in self.current.lines[-1:]:
                self.current.lines.append(index)

    def _nested(self, found: Any) -> bool:
        """A line that looks like a property but stands under the value of the one before."""
        return self.last is not None and len(found.group(1)) >= self.indent + 4 and found.end(3) != self.colon

    def _goes_on(self, index: int, line: str, ahead: Lines) -> bool:
        assert self.last is not None
        if index != self.last.lines[-1] + 1 or len(self.last.parts) >= _MOST_PARTS:
            return False
        indented = len(line) - len(line.lstrip()) >= self.indent + 4
        return indented or self.last.widths[-1] in _CONSOLES or self._open() or self._resumes(ahead)

    def _open(self) -> bool:
        """A bracket or quote of the value is still open."""
        text = "".join(self.last.parts) if self.last else ""
        return text.count("{") > text.count("}") or text.count("[") > text.count("]") or text.count('"') % 2 == 1

    def _resumes(self, ahead: Lines) -> bool:
        """The object goes on right below with another of its aligned names: this line was wrapped."""
        for _, line in ahead:
            found = _PROPERTY.search(line)
            if found:
                aligned = found.end(3) == self.colon and len(found.group(3)) > 0
                return aligned and found.group(2).lower() not in self.current.properties
            if not line.strip():
                return False
        return False


def _inline(line: str) -> list[tuple[str, str]]:
    """The properties of an object that was put on one line; empty where the line is an ordinary one."""
    if line.count(" :") + line.count("\t:") < _FEWEST_INLINE:
        return []
    names = list(_INLINE.finditer(line))
    if len(names) < _FEWEST_INLINE:
        return []
    ends = [name.start() for name in names[1:]] + [len(line)]
    return [(name.group(1), line[name.end() : end].strip()) for name, end in zip(names, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table: cells by lower-case header name, "" where the row has none; `line` is 0-based."""

    line: int
    cells: dict[str, str]
    lines: tuple[int, ...]


def tables(lines: Lines, *needed: str) -> Iterator[TableRow]:
    """Rows of the tables whose header has all of the lower-case names in `needed`. A blank line ends a table."""
    header: list[tuple[str, int]] = []
    row: TableRow | None = None
    for index, text in lines:
        line = text.expandtabs(8).rstrip()
        names = [(word.group(0).lower(), word.start()) for word in _HEADER_WORD.finditer(line[:1000])]
        if set(needed) <= {name for name, _ in names}:
            header = names
        elif _RULE.search(line):
            continue
        elif not line:
            if row is not None:
                yield row
                header = []
            row = None
            continue
        elif header:
            cells = _cells(header, line)
            first = next(iter(cells.values()))
            if row is not None and not first:
                row = _wrapped(row, cells, index)
                continue
            if row is not None:
                yield row
            row = TableRow(index, cells, (index,))
            continue
        if row is not None:
            yield row
        row = None
    if row is not None:
        yield row


def _cells(header: list[tuple[str, int]], line: str) -> dict[str, str]:
    """Cut `line` at the headers; a number is right-aligned, so a cell may begin left of its header."""
    cuts = [0]
    for _, start in header[1:]:
        cut = min(start, len(line))
        while cut > cuts[-1] and cut < len(line) and line[cut - 1] != " ":
            cut -= 1
        cuts.append(max(cut, cuts[-1]))
    cuts.append(len(line))
    return {name: line[cuts[i] : cuts[i + 1]].strip() for i, (name, _) in enumerate(header)}


def _wrapped(row: TableRow, cells: dict[str, str], index: int) -> TableRow:
    joined = {name: f"{row.cells[name]} {cell}".strip() for name, cell in cells.items()}
    return TableRow(row.line, joined, (*row.lines, index))
