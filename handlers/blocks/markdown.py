"""Strangers' text in a Markdown file: it is read as it was typed, and neither formats nor links anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import re2

from handlers.blocks.outline import cleaned

_MARKS: Final = {ord(char): f"\\{char}" for char in "\\`*_[]#|~"} | {
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("&"): "&amp;",
}
_TICKS = re2.compile(r"`+")
# Renderers make links of bare addresses, too.
_LINKS = re2.compile(r"(?i)(https?):|\bwww\.")


def inline(text: str) -> str:
    """One line of text, of which nothing is markup. Renderers show it as it was typed."""
    shown = " ".join(cleaned(text).split()).translate(_MARKS)
    return str(_LINKS.sub(lambda found: f"{found[1]}&#58;" if found[1] else f"{found[0][:-1]}&#46;", shown))


def fenced(lines: Sequence[str]) -> str:
    """A block of lines as they are; its fence is longer than any run of backticks in them."""
    text = "\n".join(cleaned(line) for line in lines)
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; its cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)
