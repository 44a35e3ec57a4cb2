"""What chat, mail and consoles do to a whole text, undone. But for rows that run on, which nothing else looks like, it is
tried where nothing is sure: words may have been taken apart.

Putting lines together first would join tables and logs, which have readers that know better.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from diagnostics.patterns import linear
from diagnostics.recognisers.wrapping import CONSOLES, broken, margin_of
from diagnostics.text import Paste

_FEWEST: Final = 4  # lines that show how a text is spaced
_NARROWEST: Final = 50  # no console and no mail client breaks earlier
_MOST_LINES: Final = 20  # that become one
_MOST_PIECES: Final = 2_000
# A line that begins something of its own: a list's item, a label, a prompt, a log's record, a row of a table.
_BEGINS = linear(
    r"^\s*(?:[-*\x{2022}#|+]\s|\d{1,3}[.)]\s|[A-Z][\w-]{1,40}\s*:(?:\s|$)|[A-Z][\w-]{1,20} [\w -]{1,40}:\s*$"
    r"|(?:\[PS\] ?|PS )[A-Z]:|[\[(<]?\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T,\])>]|$)|[\[(<]?\d\d:\d\d"
    r"|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d)|\S {2,}\S"
)
# In a JSON string, or where a program printed the text as one literal.
_BREAK = linear(r"\\+r\\+n|\\+n")
_ESCAPED = linear(r"\\([\"'_*\[\]<#()/.+-])")
_ESCAPED_END = linear(r"([^:\s])\\>")  # not that of a prompt, C:\>
# A row of a transport log: its time, and the columns that no other time has behind it.
_ROW = linear(
    r"(?:^|[ \t])(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z,"
    r"(?:(?:[^,\n]{0,80},)?[0-9A-FX*]{14,17},|[0-9a-f.:]{0,45},[\w.-]{0,80},[0-9a-f.:]{0,45},[\w.-]{0,80},))"
)
_MARKS: Final = tuple(
    linear(mark)
    for mark in (r"^\s*[-\x{2022}\x{25cf}\x{25e6}] +", r"^\s*\* +", r"^\s*\| ?", r"^\s*\d{1,4}[.)] +", r"^\s*\"")
)
_ENDS = linear(r"[|\"]\s*$")


def rows_apart(paste: Paste) -> Paste:
    """The paste with each row of a log on a line of its own, where a form or a chat has put several on one."""
    if not any(line.count("Z,") > 1 for line in paste.lines):
        return paste
    raw: list[str] = []
    lines: list[str] = []
    numbers: list[int] = []
    for index, line in enumerate(paste.lines):
        parts = _rows_of(line)
        told = _rows_of(paste.raw[index]) if len(parts) > 1 else [paste.raw[index]]
        raw.extend(told if len(told) == len(parts) else [paste.raw[index]] * len(parts))
        lines.extend(parts)
        numbers.extend([paste.number(index + 1)] * len(parts))
    return Paste(paste.index, tuple(raw), tuple(lines), tuple(numbers)) if len(lines) > len(paste.lines) else paste


def _rows_of(line: str) -> list[str]:
    """What stands before the first row of several, and each row."""
    starts = [found.start(1) for found in _ROW.finditer(line)] if line.count("Z,") > 1 else []
    if len(starts) < 2:
        return [line]
    rows = [line[start:end].rstrip() for start, end in zip(starts, [*starts[1:], len(line)], strict=True)]
    before = line[: starts[0]].rstrip()
    return [before, *rows] if before.strip(" \t>") else rows


def unmarked(paste: Paste) -> Paste:
    """The paste with line breaks for those that stand as `\\n`, and without backslashes, list marks and frames around lines."""
    pieces = [each for number in range(1, len(paste.lines) + 1) for each in _pieces(paste, number)]
    if len(pieces) > _MOST_PIECES + len(paste.lines):
        return paste
    lines = [_unescaped(piece) if "\\" in piece else piece for _, piece, _ in pieces]
    filled = [line for line in lines if line.strip()]
    mark = next(
        (m for m in _MARKS if len(filled) > 1 and sum(1 for line in filled if m.search(line)) * 10 >= len(filled) * 9),
        None,
    )
    if mark is not None:
        lines = [str(_ENDS.sub("", mark.sub("", line, 1))) if mark.search(line) else line for line in lines]
    if len(pieces) == len(paste.lines):
        return Paste(paste.index, paste.raw, tuple(lines), paste.numbers)
    return Paste(
        paste.index, tuple(raw for _, _, raw in pieces), tuple(lines), tuple(number for number, _, _ in pieces)
    )


def _pieces(paste: Paste, line: int) -> Iterator[tuple[int, str, str]]:
    """(the number, the text, what was pasted) of each line that stands in the 1-based `line`."""
    folded, raw = _BREAK.split(paste.lines[line - 1]), _BREAK.split(paste.raw[line - 1])
    told = raw if len(raw) == len(folded) else [paste.raw[line - 1]] * len(folded)
    return ((paste.number(line), text, pasted) for text, pasted in zip(folded, told, strict=True))


def put_together(paste: Paste) -> Paste:
    """The paste as it may have been before something broke all its lines at one width; itself where nothing did.

    Lines keep their numbers: what was broken stands on its first line, and the others are empty.
    """
    numbered = [(index, line) for index, line in enumerate(paste.lines) if line.strip()]
    margin = margin_of(numbered)
    if margin < _NARROWEST:
        return paste
    cut = margin in CONSOLES and sum(1 for _, line in numbered if len(line) == margin) > 1
    # The space where a client breaks is gone: an indented line among others was folded, as headers are.
    folded = not cut and not all(line[:1].isspace() for _, line in numbered)
    lines = list(paste.lines)
    whole = _rows_below_rules(paste)
    start = -_MOST_LINES
    parts: list[str] = []
    for index, line in numbered:
        before = paste.lines[index - 1] if index else ""
        apart = not before.strip() or index - start >= _MOST_LINES or bool(_BEGINS.search(line))
        apart = apart or (folded and line[:1].isspace()) or index in whole
        if not apart and (len(before) == margin if cut else broken(before, line, margin)):
            parts.append(line)
            lines[start], lines[index] = ("" if cut else " ").join(parts), ""
        else:
            start, parts = index, [line]
    return Paste(paste.index, paste.raw, tuple(lines), paste.numbers)


def _rows_below_rules(paste: Paste) -> set[int]:
    """The lines of tables whose rule has as many parts as the header above it: they were not broken, whatever their width."""
    found, columns = set[int](), 0
    for index, line in enumerate(paste.lines):
        words = len(line.split())
        if index and words > 1 and not line.strip("- ") and words == len(paste.lines[index - 1].split()):
            columns = words
            found.add(index)
        elif not words:
            columns = 0
        elif words == columns:
            found.add(index)
    return found


def _unescaped(line: str) -> str:
    return str(_ESCAPED_END.sub(r"\1>", _ESCAPED.sub(r"\1", line)))


def single_spaced(paste: Paste) -> Paste:
    """The paste without the blank line that stands after nearly every line; of several only one is left."""
    filled = [index for index, line in enumerate(paste.lines) if line.strip()]
    steps = [later - index for index, later in pairwise(filled)]
    if (
        len(filled) < _FEWEST
        or sum(1 for step in steps if step == 1) * 10 > len(steps)
        or steps.count(2) * 2 < len(steps)
    ):
        return paste
    kept: list[int] = []
    for index in filled:
        if kept and index - kept[-1] > 2:
            kept.append(index - 1)
        kept.append(index)
    raw, lines = tuple(paste.raw[index] for index in kept), tuple(paste.lines[index] for index in kept)
    return Paste(paste.index, raw, lines, tuple(paste.number(index + 1) for index in kept))


MENDS: Final = (unmarked, single_spaced, put_together)
