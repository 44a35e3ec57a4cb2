"""Lines that a console or a mail client has broken: whether a line goes on with the one before, and how to join them.

A console cuts at its width, in the middle of words; a mail client breaks at spaces and drops them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

CONSOLES: Final = frozenset({79, 80, 99, 100, 119, 120, 131, 132})
_WIDEST: Final = max(CONSOLES)  # no mail client breaks later


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
