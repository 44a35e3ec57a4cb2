"""Pasted text, folded for reading and kept raw for quoting.

What people paste has been through mail clients, chat, consoles and word processors. Folding changes single characters
and line prefixes only, never the number of lines, so a span found in the folded lines quotes the raw ones.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct

from diagnostics.patterns import linear
from diagnostics.spelled_out import spelled_out

T = TypeVar("T")

_FOLD: Final = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″＂", '"'),
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u202f\u2007\u2009\u3000", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\x00", None),
        "…": "...",
        "\uff1a": ":",
        "\uff0c": ",",
    }
)
_CHAT_LINK = linear(r"<(?:https?://|mailto:)[^|<>\s]+\|([^<>\n]+)>")
_BARE_CHAT_LINK = linear(r"<mailto:([^|<>\s]{1,320})>")
_HTML = linear(r"(?i)</?(?:br|p|div|span|b|i|em|strong|td|tr|table|tbody|font|pre|code|o:p)(?:\s[^<>\n]{0,300})?/?>")
_QUOTE_PREFIX = linear(r"^(?:\s{0,3}>\s?){1,9}")
# One recipient of a bounce and what became of it, which nobody says in SMTP.
_QUOTED_ENTRY = linear(r"^(?:\s{0,3}>\s?){1,9}<[^<>@\s]{1,128}@[^<>@\s]{1,253}>(?: \([^()]{1,300}\))?:\s")
_SPOKEN = linear(
    r"(?i)^[\s>]*(?:,|(?:EHLO|HELO|MAIL FROM|RCPT TO|DATA|STARTTLS|AUTH|QUIT|RSET|BDAT|NOOP)\b|[2-5]\d\d[ -]|[\w+/=]{8,}$)"
)
_LINE_NUMBER = linear(r"^\s{0,6}\d{1,5}(?:[:|]\s|\t)")
# Select-String and grep print the file and the number of the line in front of it: a row of a log begins with its time.
_FOUND_IN = linear(
    r"(?i)^[\s>]{0,8}(?:[A-Z]:)?[^:\n]{0,300}?(?:\.log:(?:\d{1,8}:)?|^\d{1,8}:)(\d{4}-\d\d-\d\dT\d\d:|#\w)"
)
_FENCE = linear(r"^\s*```\w{0,20}\s*$")
_AS_CODE = linear(r"^\s*(?:`([^`]+)`|``([^`]+)``)\s*$")  # each line of a marked paste, as chat has it
_MISREAD: Final = "ÃÂãåäæçèéÐÑÄÅ"  # how the first byte of an accented, Japanese or Cyrillic letter looks
IDEOGRAPHS: Final = "\u2e80"  # from here on a letter is a word
_NEWLINE = linear(r"\r\n|\n|\r")
_ENTITIES: Final = (
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", '"'),
    ("&#39;", "'"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
)


class Paste(Struct, frozen=True):
    """One pasted text. `raw` and `lines` have equal length; `lines` is what recognisers read, `raw` what is quoted.

    `numbers` are the 1-based numbers that the lines have in what was pasted, where some were left out.
    """

    index: int
    raw: tuple[str, ...]
    lines: tuple[str, ...]
    numbers: tuple[int, ...] = ()

    @classmethod
    def of(cls, text: str, index: int = 0) -> Paste:
        """Fold `text`. Costs linear time; accepts any string."""
        text = encodable(text)
        if "\r" in text:
            text = _NEWLINE.sub("\n", text)
        folded = spelled_out(_unquoted(_unmarked(_mended(text).translate(_FOLD)).split("\n")))
        return cls(index, tuple(text.replace("\u00a0", " ").split("\n")), tuple(folded))

    def number(self, line: int) -> int:
        """Where the 1-based `line` stands in what was pasted."""
        return self.numbers[line - 1] if self.numbers else line


def _mended(text: str) -> str:
    """Put accents back: UTF-8 that was read as Latin-1 (`fÃ¼r`), and accents that stand behind their letter."""
    if text.isascii():
        return text
    if any(mark in text for mark in _MISREAD):
        text = "\n".join(_reread(line) for line in text.split("\n"))
    return unicodedata.normalize("NFC", text)


def _reread(line: str) -> str:
    """The line decoded as what it was, where that is possible: no other text happens to be valid UTF-8."""
    for encoding in ("latin-1", "cp1252"):
        try:
            return line.encode(encoding).decode()
        except UnicodeError:
            continue
    return line


def _unmarked(text: str) -> str:
    """Undo links, entities and markup. Every pattern keeps line breaks, so lines still match the raw text."""
    if "<http" in text or "<mailto:" in text:
        text = _BARE_CHAT_LINK.sub(r"\1", _CHAT_LINK.sub(r"\1", text))
    if "&" in text:
        for entity, char in _ENTITIES:
            text = text.replace(entity, char)
    if "</" in text or "<br" in text or "<BR" in text:
        text = _HTML.sub(" ", text)
    return text


def _unquoted_runs(lines: list[str]) -> list[str]:
    """Drop `>` in front of a quoted paragraph among a person's own lines; who speaks SMTP has the mark as well."""
    found = list(lines)
    start = 0
    for at in range(len(lines) + 1):
        if at < len(lines) and ">" in lines[at][:4] and _QUOTE_PREFIX.search(lines[at]):
            continue
        run = lines[start:at]
        several = len(run) > 1 and not any(_SPOKEN.search(line) for line in run)
        if several or (len(run) == 1 and _QUOTED_ENTRY.search(run[0])):
            found[start:at] = [_QUOTE_PREFIX.sub("", line, 1) for line in run]
        start = at + 1
    return found


def _unquoted(lines: list[str]) -> list[str]:
    """Drop `>` quote marks, an editor's line numbers and code fences, where most lines carry them."""
    filled = [line for line in lines if line.strip()]
    if len(filled) > 1:
        for prefix in (_QUOTE_PREFIX, _LINE_NUMBER):
            if not any(prefix.search(line) for line in filled[:3]):
                continue
            if sum(1 for line in filled if prefix.search(line)) * 10 >= len(filled) * 8:
                # A protocol log pasted from its event column on also begins with ">": commas tell it apart.
                if prefix is _QUOTE_PREFIX and any(line.lstrip().startswith((">,", "<,")) for line in filled):
                    continue
                lines = [prefix.sub("", line, 1) for line in lines]
    lines = [_FOUND_IN.sub(r"\1", line, 1) if "Z," in line and ":" in line[:320] else line for line in lines]
    if any("`" in line for line in filled):
        lines = [_AS_CODE.sub(r"\1\2", line) if "`" in line else line for line in lines]
    lines = _outdented(_unquoted_runs(lines))
    return [line if "```" not in line else "" if _FENCE.search(line) else line.replace("```", "") for line in lines]


def _outdented(lines: list[str]) -> list[str]:
    """Drop the indent that all lines share, as a reply, a list or stripped markup gives them."""
    filled = [line for line in lines if line.strip()]
    shared = min((len(line) - len(line.lstrip(" ")) for line in filled), default=0)
    return [line[shared:] for line in lines] if shared and len(filled) > 1 else lines


def encodable(text: str) -> str:
    """`text` with lone surrogates replaced: they have no UTF-8 form, so no pattern engine or JSON could take them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def squeezed(text: str) -> str:
    """`text` with every run of white space as one space, ends trimmed."""
    return " ".join(text.split())


def glued(char: str) -> bool:
    """Whether a letter or digit beside a number or word makes it part of a longer one. What is written in ideographs or kana has
    no spaces, so those part words."""
    return char.isalnum() and char < IDEOGRAPHS


def begun(cut: str, known: Mapping[str, T], least: int) -> T | None:
    """What `known` has under a name that a table cut off after at least so many letters; None where the names that begin so have
    several values."""
    found = {value: None for name, value in known.items() if name.startswith(cut)} if len(cut) >= least else {}
    return next(iter(found)) if len(found) == 1 else None


def is_cut(value: str) -> bool:
    """Whether a value was printed only in part: PowerShell writes dots at its end, in a collection before its brace."""
    return value.rstrip("} ").endswith(("...", "\u2026"))


def short(text: str, most: int = 100) -> str:
    """`text` for a sentence: cut to `most` characters, which an ellipsis shows."""
    return text if len(text) <= most else text[: most - 1] + "…"
