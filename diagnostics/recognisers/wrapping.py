"""Lines that a console or a mail client has broken: whether a line goes on with the one before, and how to join them.

A console cuts at its width, in the middle of words; a mail client breaks at spaces and drops them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from diagnostics.patterns import Pattern, linear
from diagnostics.recognisers.reply_wording import of_a_person
from diagnostics.text import Paste

CONSOLES: Final = frozenset({79, 80, 99, 100, 119, 120, 131, 132})
_WIDEST: Final = max(CONSOLES)  # no mail client breaks later
_MOST_LINES: Final = 20  # of one log line
# Broken by hand, a log line is broken before a field, behind a colon or behind the numbers of a reply.
_FIELD = linear(r"^\s*[A-Z]=\S")
_UNFINISHED = linear(r"(?::|\b[45]\d\d(?:[ -][45]\.\d{1,3}\.\d{1,3})?)\s*$")
_FEWEST: Final = 4  # lines that show how a text is spaced
_NARROWEST: Final = 50  # no console and no mail client breaks earlier
# A line that begins something of its own: a list's item, a label, a prompt, a log's record, a row of a table.
_BEGINS = linear(
    r"^\s*(?:[-*\x{2022}#|+]\s|\d{1,3}[.)]\s|[A-Z][\w-]{1,40}\s*:(?:\s|$)|[A-Z][\w-]{1,20} [\w -]{1,40}:\s*$"
    r"|(?:\[PS\] ?|PS )[A-Z]:|[\[(<]?\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T,\])>]|$)|[\[(<]?\d\d:\d\d"
    r"|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d)|\S {2,}\S"
)


def margin_of(lines: Iterable[tuple[int, str]]) -> int:
    """The width at which the paste was broken, 0 where its lines are as long as they were written.

    A word that is wider than that stands alone on its line, so only lines of several words tell.
    """
    widest = max((len(line.rstrip()) for _, line in lines if " " in line.strip()), default=0)
    return widest if widest <= _WIDEST else 0


def broken(before: str, line: str, margin: int) -> bool:
    """Whether a mail client broke between the two: the first word of `line` would not have fitted on the line before."""
    word = line.split(None, 1)[0] if line.strip() else ""
    return bool(margin and word) and len(before.rstrip()) + 1 + len(word) > margin


def rejoined(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    if all(len(part) == len(parts[0]) for part in parts[:-1]) and len(parts[0]) in CONSOLES:
        return "".join(parts)
    return " ".join(part.strip() for part in parts)


def log_lines(lines: Sequence[tuple[int, str]], wanted: Pattern, starts: Pattern) -> Iterator[tuple[list[int], str]]:
    """The log lines that are `wanted`, put back together where they were wrapped: until brackets are closed, or past the margin.

    `starts` is how any line of the log begins. Yields the numbers of the lines taken, and the text.
    """
    margin = margin_of(lines)
    position = 0
    while position < len(lines):
        index, line = lines[position]
        position += 1
        if not wanted.search(line):
            continue
        taken, parts = [index], [line]
        while position < len(lines) and len(taken) < _MOST_LINES:
            index, line = lines[position]
            apart = index != taken[-1] + 1 or not line.strip()
            if apart or starts.search(line) or wanted.search(line) or not _goes_on(parts, line, margin):
                break
            taken.append(index)
            parts.append(line)
            position += 1
        yield taken, rejoined(parts).strip()


def _goes_on(parts: list[str], line: str, margin: int) -> bool:
    text = "".join(parts)
    if text.count("(") > text.count(")") or len(parts[-1]) in CONSOLES or broken(parts[-1], line, margin):
        return True
    ended = parts[-1].rstrip()[-1:] in ".!?" or of_a_person(line)
    return (len(parts) > 1 and line[:1].islower() and not ended) or bool(
        _FIELD.search(line) or _UNFINISHED.search(parts[-1])
    )


def put_together(paste: Paste) -> Paste:
    """The paste as it may have been before something spaced its lines, or broke all at one width; itself where nothing did.

    What was broken stands on its first line, and the others are empty.
    """
    paste = _single_spaced(paste)
    numbered = [(index, line) for index, line in enumerate(paste.lines) if line.strip()]
    margin = margin_of(numbered)
    if margin < _NARROWEST:
        return paste
    cut = margin in CONSOLES and sum(1 for _, line in numbered if len(line) == margin) > 1
    lines = list(paste.lines)
    start = -_MOST_LINES
    parts: list[str] = []
    for index, line in numbered:
        before = paste.lines[index - 1] if index else ""
        apart = not before.strip() or index - start >= _MOST_LINES or bool(_BEGINS.search(line))
        if not apart and (len(before) == margin if cut else broken(before, line, margin)):
            parts.append(line)
            lines[start], lines[index] = ("" if cut else " ").join(parts), ""
        else:
            start, parts = index, [line]
    return Paste(paste.index, paste.raw, tuple(lines), paste.numbers)


def _single_spaced(paste: Paste) -> Paste:
    """Without the blank line that stands after nearly every line; of several only one is left."""
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
    return Paste(paste.index, raw, lines, tuple(index + 1 for index in kept))
