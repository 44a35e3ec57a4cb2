"""Format-List output of PowerShell, and what consoles, chat and redaction make of it.

It prints `Name : value`, names padded to the longest, long values cut at the console's width and continued under the
value, objects separated by a blank line.
Source: https://learn.microsoft.com/powershell/scripting/samples/using-format-commands-to-change-output-view
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct, field

from diagnostics.patterns import linear
from diagnostics.recognisers.format_table import Lines, TableRow, tables

__all__ = ["Block", "Lines", "Property", "TableRow", "blocks", "items", "plain", "tables", "truth"]

# Chat and forms put a whole object on one line: three aligned names on a line are three properties.
_INLINE = linear(r"(?:^|[ \t])([A-Z][A-Za-z0-9]{1,40})[ \t]+:(?:[ \t]|$)")
_FEWEST_INLINE: Final = 3
_CONSOLES: Final = frozenset({79, 80, 99, 100, 119, 120, 131, 132, 159, 160})
_LONG: Final = 60  # columns of a line that may have been wrapped
_MOST_PARTS: Final = 60
_MASK_MARKS: Final = frozenset("xX*#.-_: ")
_MASK_WORDS: Final = frozenset(
    {"redacted", "removed", "masked", "hidden", "anonymised", "anonymized", "censored", "snip", "snipped"}
)
_ITEM = linear(r'\s*((?:"[^"]*"|[^,"])+)')
_LONGEST_NAME: Final = 61
_DEEPEST: Final = 24  # columns before a name


class Property(Struct):
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
            cut = (even or width in _CONSOLES) and not part.startswith(" ")
            whole += part.strip() if cut else f" {part.strip()}"
        return whole

    @property
    def value(self) -> str:
        return plain(self.raw)


class Block(Struct):
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
        return truth(self.value(name))


def truth(value: str) -> bool | None:
    """True or False as printed; who types it off may note behind it where it was read: `False   (Get-TransportConfig)`."""
    word, _, behind = value.strip().lower().lstrip("$").partition(" ")
    noted = not behind.strip() or behind.lstrip().startswith(("(", "#", "<-", "//"))
    return {"true": True, "false": False}.get(word) if noted else None


def plain(value: str) -> str:
    """`value`, or "" where it is a mask (XXXX, ****, x.x.x.x, <redacted>): a masked value is an unknown one."""
    value = value.strip()
    if len(value) > 1 and value[0] in "xX*#.-_" and _MASK_MARKS.issuperset(value):
        return "" if len(value) > 2 or value.lower() == "xx" else value
    return "" if value.strip("<[( )]>").lower() in _MASK_WORDS else value


def items(value: str) -> tuple[str, ...]:
    """The members of a collection as printed, `{a, b...}` or `a, b`; a cut-off end is dropped."""
    inner = value.strip().removeprefix("{").removesuffix("}").removesuffix("...").strip()
    members = _ITEM.findall(inner) if '"' in inner else inner.split(",")
    return tuple(found for each in members if (found := plain(each)))


class _Line(Struct, frozen=True):
    """A line that has the shape of a property. `indent` and `colon` are columns."""

    indent: int
    name: str
    colon: int
    aligned: bool
    value: str


def _shape(line: str) -> _Line | None:
    head, colon, value = line.partition(":")
    if not colon or (value and value[0] not in " \t" and not (head[-1:].isspace() and value[0].isalnum())):
        return None  # `MessageCount :1` was aligned once
    name = head.strip(" \t-*\u2022")
    if not (
        1 < len(name) <= _LONGEST_NAME and name.isascii() and name[0].isalpha() and name.replace("_", "a").isalnum()
    ):
        return None
    indent = head.index(name)
    value = value.strip()
    if value.startswith(":") and value[1:2] in ("", " ", "\t"):  # `Status:     : Retry`, as a hand made it
        value = value[1:].lstrip()
    return None if indent > _DEEPEST else _Line(indent, name, len(head), head[-1:].isspace(), value)


def blocks(lines: Lines) -> list[Block]:
    """The Format-List objects in `lines`, in order. Lines that are no property are passed over."""
    shapes = [_shape(line) if ":" in line else None for _, line in lines]
    reader = _Reader(lines, shapes, _apart(lines, shapes))
    for position in range(len(lines)):
        reader.take(position)
    return reader.done()


def _apart(lines: Lines, shapes: Sequence[_Line | None]) -> bool:
    """Whether blank lines stand between objects, not between all properties of a double-spaced paste."""
    indices = [index for (index, _), shape in zip(lines, shapes, strict=True) if shape]
    close = sum(1 for one, other in pairwise(indices) if other == one + 1)
    spaced = sum(1 for one, other in pairwise(indices) if other == one + 2)
    return close > 0 or spaced < 2


class _Reader(Struct):
    text: Lines
    shapes: Sequence[_Line | None]
    apart: bool
    found: list[Block] = field(default_factory=list)
    current: Block = field(default_factory=Block)
    last: Property | None = None
    indent: int = 0
    colon: int = -1
    aligned: bool = False  # the object's first colon has a space before it

    def take(self, position: int) -> None:
        index, line = self.text[position]
        shape = self.shapes[position]
        if not line.strip():
            if self.apart:
                self._end()
        elif shape and self._spoken(shape):
            self._end()
        elif shape and not self._nested(shape):
            self._property(index, line, shape)
        elif self.last is not None and self._goes_on(position):
            # A console continues under the value, and cuts words; a space at the margin is what parted two of them.
            shallow = line.startswith(" " * (self.indent + 1)) and not line.startswith(" " * (self.indent + 4))
            self.last.parts.append(f" {line.strip()}" if shallow else line.strip())
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
            self.current = Block()
        self.last, self.colon, self.aligned = None, -1, False

    def _property(self, index: int, line: str, shape: _Line) -> None:
        for name, value in _inline(line) or [(shape.name, shape.value)]:
            if name.lower() in self.current.properties:
                self._end()
            if not self.current.properties:
                self.indent, self.colon, self.aligned = shape.indent, shape.colon, shape.aligned
            self.last = Property(name, [index], [value], [len(line.rstrip())])
            self.current.properties[name.lower()] = self.last
            if index not in self.current.lines[-1:]:
                self.current.lines.append(index)

    def _spoken(self, shape: _Line) -> bool:
        """`printer: 535 …` right below aligned properties is a person's line: cmdlets write capitals, and align the colon."""
        return self.aligned and not shape.aligned and shape.name.islower() and shape.indent <= self.indent

    def _nested(self, shape: _Line) -> bool:
        """A line that looks like a property but stands under the value of the one before."""
        return self.last is not None and shape.indent >= self.indent + 4 and shape.colon != self.colon

    def _goes_on(self, position: int) -> bool:
        assert self.last is not None
        index, line = self.text[position]
        if index != self.last.lines[-1] + 1 or len(self.last.parts) >= _MOST_PARTS:
            return False
        deeper = len(line) - len(line.lstrip()) - self.indent
        # A rule's conditions and actions stand on lines of their own; chat leaves a blank in front of them.
        described = deeper > 0 and self.last.name.lower() == "description"
        if deeper >= 4 or described or self.last.widths[-1] in _CONSOLES:
            return True
        return self._in_a_sentence(line.strip(), deeper > 0) or self._open() or self._resumes(position + 1)

    def _in_a_sentence(self, line: str, deeper: bool) -> bool:
        """The value is a sentence that was wrapped by hand or by a client: long, and not at its end."""
        assert self.last is not None
        above = self.last.parts[-1]
        ends = not above[-1:].isalnum() and above[-1:] != ","
        return self.last.widths[-1] >= _LONG and not ends and " " in above and (deeper or line[:1].islower())

    def _open(self) -> bool:
        """A bracket or quote of the value is still open."""
        text = "".join(self.last.parts) if self.last else ""
        return text.count("{") > text.count("}") or text.count("[") > text.count("]") or text.count('"') % 2 == 1

    def _resumes(self, position: int) -> bool:
        """The object goes on right below with another of its aligned names: this line was wrapped."""
        for (_, line), shape in zip(
            self.text[position : position + 3], self.shapes[position : position + 3], strict=True
        ):
            if shape:
                return shape.aligned and shape.colon == self.colon and shape.name.lower() not in self.current.properties
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
