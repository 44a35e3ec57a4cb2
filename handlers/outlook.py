"""An Outlook item (.msg) → the text that matters of it: headers, body, what a report says of each recipient, and the messages
and texts that are attached.

The format is described in [MS-OXMSG]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxmsg and the
properties in [MS-OXPROPS]. Each property is a stream whose name ends in its number and type.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Final

import olefile  # type: ignore[import-untyped]  # it ships no type information

from diagnostics.patterns import linear
from handlers.plaintext import Unreadable, eight_bit, readable, shown

_WIDE, _NARROW, _BINARY, _OBJECT = "001F", "001E", "0102", "000D"
_HEADERS, _SUBJECT, _SENDER, _BODY, _REPORT, _HTML = "007D", "0037", "0C1F", "1000", "1001", "1013"
_ADDRESS, _MAIL, _NAME, _DETAIL = "39FE", "3003", "3001", "0C1B"
_FILE, _LONG_FILE, _DATA = "3704", "3707", "3701"
_MOST_RECIPIENTS: Final = 100
_MOST_ATTACHMENTS: Final = 20
_DEEPEST: Final = 3  # a report that was forwarded as an attachment holds the message that it is about
_ATTACHED: Final = (".eml", ".txt", ".log", ".csv", ".htm", ".html")
_MIME = linear(r"(?im)^(?:content-[a-z-]+|mime-version):.*\n?(?:[ \t]+.*\n?)*")
# Whatever a damaged file leads the library into; it guards its own loops and sizes.
_DAMAGED: Final = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError, MemoryError)

Decode = Callable[[str, bytes], str]
Storage = tuple[str, ...]


def text_of(name: str, content: bytes, decode: Decode, *, limit: int) -> str:
    """The text of an item: at most `limit` bytes of it are read. `decode` (name, bytes) reads what is attached.

    Raises Unreadable for what is damaged or holds no text.
    """
    called = shown(name)
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            found = "\n\n".join(part for part in _Item(ole, decode, limit).parts(()) if part.strip())
    except _DAMAGED as problem:
        raise Unreadable(f"{called} is damaged: save the message again, best as .eml, and send that.") from problem
    if not found:
        raise Unreadable(f"{called} holds no text that I can read: save the message as .eml and send that.")
    return found


class _Item:
    """One item and those inside of it. What is beyond the limit is left out."""

    def __init__(self, ole: olefile.OleFileIO, decode: Decode, limit: int) -> None:
        self._ole = ole
        self._decode = decode
        self._left = limit
        self._storages = sorted({tuple(path) for path in ole.listdir(streams=False, storages=True)})

    def parts(self, at: Storage, depth: int = 0) -> Iterator[str]:
        headers = _MIME.sub("", self._text(at, _HEADERS).replace("\r\n", "\n"))
        yield headers if headers.strip() else "\n".join(self._named(at))
        yield self._text(at, _BODY) or readable(self._text(at, _HTML))
        yield self._text(at, _REPORT)
        for recipient in self._inside(at, "__recip_version1.0_")[:_MOST_RECIPIENTS]:
            if detail := self._text(recipient, _DETAIL):
                address = self._text(recipient, _ADDRESS) or self._text(recipient, _MAIL)
                yield f"{address or self._text(recipient, _NAME)}\n{detail}"
        for attached in self._inside(at, "__attach_version1.0_")[:_MOST_ATTACHMENTS]:
            inner = (*attached, f"__substg1.0_{_DATA}{_OBJECT}")
            if inner in self._storages:
                yield from self.parts(inner, depth + 1) if depth < _DEEPEST else ()
            else:
                yield self._file(attached)

    def _named(self, at: Storage) -> Iterator[str]:
        """What stands for the headers of an item that never crossed the internet."""
        for label, number in (("From", _SENDER), ("Subject", _SUBJECT)):
            if value := self._text(at, number):
                yield f"{label}: {value}"

    def _file(self, at: Storage) -> str:
        """The text of an attached file, "" for one that is none."""
        name = self._text(at, _LONG_FILE) or self._text(at, _FILE)
        if not name.lower().endswith(_ATTACHED):
            return ""
        try:
            return self._decode(name, self._stream(at, _DATA, _BINARY))
        except Unreadable:
            return ""

    def _text(self, at: Storage, number: str) -> str:
        if wide := self._stream(at, number, _WIDE):
            return wide.decode("utf-16-le", "replace").rstrip("\x00")
        return eight_bit(self._stream(at, number, _NARROW) or self._stream(at, number, _BINARY)).rstrip("\x00")

    def _stream(self, at: Storage, number: str, kind: str) -> bytes:
        path = [*at, f"__substg1.0_{number}{kind}"]
        if not self._ole.exists(path) or self._ole.get_type(path) != olefile.STGTY_STREAM:
            return b""
        if self._ole.get_size(path) > self._left:
            return b""
        content: bytes = self._ole.openstream(path).read()
        self._left -= len(content)
        return content

    def _inside(self, at: Storage, prefix: str) -> list[Storage]:
        deep = len(at) + 1
        return [
            path for path in self._storages if len(path) == deep and path[:-1] == at and path[-1].startswith(prefix)
        ]
