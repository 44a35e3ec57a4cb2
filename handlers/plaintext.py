"""The bytes of one file → its text, or a sentence that says what the file is and what to do instead."""

from __future__ import annotations

import codecs
from typing import Final

from handlers.filetypes import refusal

FILE_LIMIT: Final = 5_000_000
"""Bytes of one file, and of all files of one message together."""

PASTED_LOG: Final = 256 << 10
"""Bytes of a transport log that is judged as a paste: a larger one holds many sessions, and then those are the answer."""

_HTML_NAMES: Final = (".html", ".htm")
_SAMPLE: Final = 4096
# What a text file may hold below 0x20: tab, line feed, vertical tab, form feed, carriage return, end of file, escape.
_IN_TEXT: Final = b"\t\n\x0b\x0c\r\x1a\x1b"
_CONTROLS: Final = bytes(sorted(set(range(0x20)) - set(_IN_TEXT)))


class Unreadable(ValueError):  # noqa: N818 - it says what the file is; callers show it, nobody reports it
    """A file that holds no text. The message is one sentence or two: what it is, and what to do."""


def decode_file(name: str, content: bytes, *, limit: int = FILE_LIMIT) -> str:
    """The text in a file: UTF-8, UTF-16 with or without a byte order mark, or else Windows-1252.

    Raises Unreadable for an empty file, one of more than `limit` bytes, and anything that is no text.
    """
    called = shown(name)
    if not content:
        raise Unreadable(f"{called} is empty: save it again and send it, or paste the text.")
    if reason := refusal(name, content):
        raise Unreadable(f"{called} {reason}")
    if len(content) > limit:
        raise Unreadable(
            f"{called} has {megabytes(len(content))}, and I read up to {megabytes(limit)}: send only the part around "
            "the failure."
        )
    text = decoded(content)
    if text is None:
        raise Unreadable(f"{called} holds binary data, no text: export it as text, or paste the lines that matter.")
    if not text.strip():
        raise Unreadable(f"{called} holds nothing but white space: paste the text itself.")
    return readable(text) if name.lower().endswith(_HTML_NAMES) or _opens_as_html(text) else text


def readable(markup: str) -> str:
    """What a web page or an HTML mail shows to its reader."""
    from diagnostics.markup import visible  # logs, and nearly all pastes, are no HTML

    return "\n".join(line for _, line in visible(markup) if line)


def _opens_as_html(text: str) -> bool:
    return text[:_SAMPLE].lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def shown(name: str) -> str:
    """A file's name for a sentence: printable, and of at most 80 characters."""
    plain = "".join(char for char in name if char.isprintable()).strip()
    return (plain if len(plain) <= 80 else plain[:60] + "…" + plain[-19:]) or "The file"


def megabytes(size: int) -> str:
    """A number of bytes as people read it."""
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def decoded(content: bytes) -> str | None:
    """The text of `content`, without its byte order mark; None when it is binary. Linear time."""
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :].decode("utf-8", "replace")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _wide_text(content.decode("utf-16", "replace"))
    if wide := _utf16(content[:_SAMPLE]):
        return _wide_text(content.decode(wide, "replace"))
    # A log that was open when its server stopped ends in NULs.
    content = content.rstrip(b"\x00")
    if not content or _share(content, _CONTROLS) > 0.01:
        return None
    return eight_bit(content)


def _utf16(sample: bytes) -> str:
    """The byte order of UTF-16 without a mark: mostly ASCII text has a NUL in every other byte."""
    even, odd = sample[0::2], sample[1::2]
    if not odd:
        return ""
    if _share(odd, b"\x00") > 0.4 and _share(even, b"\x00") < 0.05:
        return "utf-16-le"
    return "utf-16-be" if _share(even, b"\x00") > 0.4 and _share(odd, b"\x00") < 0.05 else ""


def _wide_text(text: str) -> str | None:
    text = text.rstrip("\x00")
    controls = sum(text[:_SAMPLE].count(chr(code)) for code in _CONTROLS)
    return None if controls * 20 > len(text[:_SAMPLE]) else text


def eight_bit(content: bytes) -> str:
    """UTF-8 where it is that for the most part, else Windows-1252."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    # One damaged byte in a UTF-8 log doesn't make it Windows-1252: judge by what most of its letters say.
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if text.count("\ufffd") * 2 < beyond_ascii:
        return text
    return content.decode("cp1252", "replace")


def _share(content: bytes, among: bytes) -> float:
    return (len(content) - len(content.translate(None, among))) / len(content)
