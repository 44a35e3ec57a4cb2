"""Lines that a console or a mail client has broken: whether a line goes on with the one before, and how to join them.

A console cuts at its width, in the middle of words; a mail client breaks at spaces and drops them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from diagnostics.patterns import Pattern, linear
from diagnostics.recognisers.reply_wording import of_a_person

CONSOLES: Final = frozenset({79, 80, 99, 100, 119, 120, 131, 132})
_WIDEST: Final = max(CONSOLES)  # no mail client breaks later
_MOST_LINES: Final = 20  # of one log line
# Broken by hand, a log line is broken before a field, behind a colon or behind the numbers of a reply.
_FIELD = linear(r"^\s*(?:[A-Z]=\S|(?:from|to|helo)=<)")
_RESULT = linear(r"\bstatus=[a-z]+\s*$")
_UNFINISHED = linear(r"(?::|\b[45]\d\d(?:[ -][45]\.\d{1,3}\.\d{1,3})?)\s*$")


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


def log_lines(
    lines: Sequence[tuple[int, str]], wanted: Pattern, starts: Pattern, middle: Pattern | None = None
) -> Iterator[tuple[list[int], str]]:
    """The log lines that are `wanted`, put back together where they were wrapped: until brackets are closed, or past the margin.

    `starts` is how any line of the log begins; what `middle` finds stands once in a line, behind its beginning. Yields the
    numbers of the lines taken, and the text.
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
            apart = index != taken[-1] + 1 or not line.strip() or starts.search(line)
            another = wanted.search(line) and not (middle and middle.search(line) and not middle.search("".join(parts)))
            if apart or another or not _goes_on(parts, line, margin):
                break
            taken.append(index)
            parts.append(line)
            position += 1
        yield taken, rejoined(parts).strip()


def _goes_on(parts: list[str], line: str, margin: int) -> bool:
    text = "".join(parts)
    if text.count("(") > text.count(")") or len(parts[-1]) in CONSOLES or broken(parts[-1], line, margin):
        return True
    if line.lstrip()[:1] == "(" and _RESULT.search(parts[-1]):
        return True  # Postfix's reason stands in brackets behind its result
    ended = parts[-1].rstrip()[-1:] in ".!?" or of_a_person(line)
    return (len(parts) > 1 and line[:1].islower() and not ended) or bool(
        _FIELD.search(line) or _UNFINISHED.search(parts[-1])
    )
