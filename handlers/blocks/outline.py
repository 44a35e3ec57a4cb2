"""An answer before it has a look: parts made of lines, each line with a role.

Slack messages, the file that goes with a message that is too long, and the terminal all show the same outline, so what
an answer says and in which order is decided once. Text is cleaned here: what reaches a screen holds no control
character, no half of a surrogate pair and no mark that reverses the direction of reading.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["title", "heading", "text", "bullet", "quote", "command", "aside", "link", "jump"]

_PICTURES: Final = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
_BIDI: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CLEAN: Final[dict[int, int | str | None]] = {
    **_PICTURES,
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
    **dict.fromkeys(map(ord, _BIDI)),
    0x2028: "\n",
    0x2029: "\n",
}


def cleaned(text: str) -> str:
    """`text` that is safe to show: controls become their pictures (an escape becomes `␛`), line ends become `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CLEAN).strip("\n")


@dataclass(frozen=True, slots=True)
class Line:
    """`lead` is the emphasised beginning: a number, "Undo:", "line 22". A command keeps its own line breaks. The address of a
    `link` is shown, that of a `jump` (to a message) only where it can't be clicked on."""

    role: Role
    text: str
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that stay together.

    When room is short, parts of a smaller `rank` are kept first; once a part of a `chain` is left out, so are those of
    the same chain after it, because the third of four steps is no use without the second. A `small` part is shown in
    small print.
    """

    lines: tuple[Line, ...]
    rank: int = 5
    chain: str = ""
    small: bool = False


def line(role: Role, text: str, lead: str = "") -> Line:
    """A line of cleaned text. Everything but a command is one paragraph: line breaks become spaces."""
    shown = cleaned(text)
    if role != "command":
        shown = " ".join(shown.split("\n")).strip()
    return Line(role, shown, cleaned(lead))


def part(lines: Iterable[Line], *, rank: int = 5, chain: str = "", small: bool = False) -> list[Part]:
    """One Part of the lines that say something; none when no such line is left, or headings only."""
    kept = tuple(item for item in lines if item.text.strip())
    return [Part(kept, rank, chain, small)] if any(item.role != "heading" for item in kept) else []


def as_text(parts: Iterable[Part], *, width: int = 0) -> str:
    """Plain text, wrapped at `width` columns (0: not at all). Commands are never wrapped, indented or shortened."""
    return "\n\n".join("\n".join(row for item in group.lines for row in rows(item, width)) for group in parts) + "\n"


def rows(item: Line, width: int) -> list[str]:
    """The printed rows of one line."""
    if item.role == "command":
        # From the first column on: a PowerShell here-string ends only there.
        return item.text.split("\n")
    first, rest = {"bullet": ("- ", "  "), "quote": ("  | ", "  |   ")}.get(item.role, ("", ""))
    said = f"{item.lead} {item.text}" if item.lead else item.text
    if width <= 0:
        return [first + said]
    return textwrap.wrap(
        said,
        max(width, 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
