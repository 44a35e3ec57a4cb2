"""An SMTP conversation with a stranger: commands out, whole replies in, everything bounded."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, Literal

from msgspec import Struct

from diagnostics.network import Stream

LONGEST_LINE: Final = 512  # octets with CRLF, of a reply (RFC 5321, 4.5.3.1.5)
_MOST_OCTETS: Final = 1 << 16  # of one whole reply
_MOST_LINES: Final = 200
_MOST_TEXT: Final = 300  # characters of a reply that are shown
_CHUNK: Final = 4096

Why = Literal["closed", "reset", "timeout", "too-long", "malformed", "unasked"]


class TalkError(ConnectionError):
    """A conversation can't go on. `seen` is what had come of the reply, bounded.

    "closed", "reset", "timeout": how the connection ended; "too-long": a reply beyond every limit; "malformed": not a reply;
    "unasked": something was said before we spoke.
    """

    def __init__(self, why: Why, seen: bytes = b"") -> None:
        super().__init__(None, _WORDS[why])
        self.why = why
        self.seen = seen[:LONGEST_LINE]

    @property
    def words(self) -> str:
        return _WORDS[self.why]


_WORDS: Final[dict[Why, str]] = {
    "closed": "the server closed the connection",
    "reset": "the connection was reset",
    "timeout": "no answer in time",
    "too-long": "an answer without an end",
    "malformed": "an answer that is not an SMTP reply",
    "unasked": "the server spoke out of turn",
}


class Reply(Struct, frozen=True):
    """A whole reply: its code, its lines without codes, and the octets of the longest line with its end."""

    code: int
    lines: tuple[str, ...]
    longest: int = 0

    @property
    def text(self) -> str:
        """Code and text in one line, bounded and free of controls: fit to be shown."""
        return f"{self.code} {shown(' '.join(self.lines))}".rstrip()

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300


def shown(text: str) -> str:
    """A stranger's text for a report: one line, at most 300 characters, no controls and no direction marks."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text[: 4 * _MOST_TEXT]).split())
    return line if len(line) <= _MOST_TEXT else line[: _MOST_TEXT - 1] + "…"


class Talk:
    """Both directions of one session. Methods raise TalkError, after which `usable` is False: replies and commands no
    longer match."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.usable = True
        self._rest = bytearray()

    async def reply(self, seconds: float) -> Reply:
        """The next reply, whole, within `seconds` in all: a server that drips does not get more."""
        lines: list[bytes] = []
        self.usable, usable = False, self.usable
        try:
            async with asyncio.timeout(seconds):
                while not (lines and _is_last(lines[-1])):
                    lines.append(await self._line(lines))
        except TimeoutError:
            raise TalkError("timeout", self._seen(lines)) from None
        except TalkError:
            raise
        except OSError:
            raise TalkError("reset", self._seen(lines)) from None
        whole = _whole(lines)
        self.usable = usable
        return whole

    async def send(self, data: bytes) -> None:
        """Sends without waiting for an answer."""
        if self._rest:
            self.usable = False
            raise TalkError("unasked", bytes(self._rest))
        try:
            await self.stream.write(data)
        except OSError:
            self.usable = False
            raise TalkError("reset") from None

    async def command(self, line: str, seconds: float) -> Reply:
        await self.send(line.encode("ascii") + b"\r\n")
        return await self.reply(seconds)

    async def quit(self, seconds: float) -> None:
        """Takes leave, waits `seconds` for the answer, and closes. Never raises but for cancellation."""
        if self.usable:
            with suppress(TalkError):
                await self.command("QUIT", seconds)
        await self.stream.close()

    @property
    def unread(self) -> bytes:
        """What has come beyond the last reply."""
        return bytes(self._rest)

    async def _line(self, before: list[bytes]) -> bytes:
        """The next line without its end; kept until it is whole, so that a broken reply can be shown."""
        while (end := self._rest.find(b"\n")) < 0:
            if len(before) >= _MOST_LINES or sum(map(len, before)) + len(self._rest) > _MOST_OCTETS:
                raise TalkError("too-long", self._seen(before))
            if _hopeless(self._rest):
                raise TalkError("malformed", self._seen(before))
            chunk = await self.stream.read(_CHUNK)
            if not chunk:
                raise TalkError("closed", self._seen(before))
            self._rest += chunk
        line = bytes(self._rest[: end + 1])
        del self._rest[: end + 1]
        if len(before) >= _MOST_LINES or sum(map(len, before)) > _MOST_OCTETS:
            raise TalkError("too-long", self._seen(before))
        if not _is_line(line.rstrip(b"\r\n")):
            raise TalkError("malformed", self._seen([*before, line]))
        return line

    def _seen(self, lines: list[bytes]) -> bytes:
        return b"".join(lines)[:LONGEST_LINE] + bytes(self._rest[:LONGEST_LINE])


def _hopeless(start: bytearray) -> bool:
    """Whether no reply can begin so; bytes of another protocol need not be waited out."""
    return bool(start) and not (start[:3].isdigit() and bytes(start[3:4]) in (b"", b" ", b"-", b"\r"))


def _is_line(line: bytes) -> bool:
    return len(line) >= len(b"220") and line[:3].isdigit() and line[3:4] in (b"", b" ", b"-")


def _is_last(line: bytes) -> bool:
    return line[3:4] != b"-"


def _whole(lines: list[bytes]) -> Reply:
    codes = {line[:3] for line in lines}
    if len(codes) != 1:  # every line carries the same code (RFC 5321, 4.2.1)
        raise TalkError("malformed", b"".join(lines))
    texts = tuple(line.rstrip(b"\r\n")[4:].decode("utf-8", "replace") for line in lines)
    return Reply(int(lines[0][:3]), texts, max(map(len, lines)))
