"""One GET over an open stream, bounded in every direction: for policies that are published over HTTPS.

It follows nothing, keeps nothing, and trusts nothing: who calls has judged the certificate before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import h11
from msgspec import Struct

from diagnostics.network import Stream

_PIECE: Final = 1 << 14
_MOST_HEAD: Final = 1 << 15  # bytes of status line and headers, interim answers (1xx) and chunk borders included
_LONGEST: Final = 200


class Response(Struct, frozen=True):
    """`headers` by lower-case name, the first of each, as latin-1. `whole` is False where the body has more than was asked
    for; `body` is its beginning then."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


class HttpError(Exception):
    """What came back was not HTTP, or ended in the middle; the text is a bounded half sentence."""


async def get(stream: Stream, *, host: str, path: str, accept: str, most: int) -> Response:
    """The answer to `GET path` with at most `most` bytes of body. Raises HttpError, or OSError when the connection breaks.

    The caller sets the deadline and closes the stream.
    """
    headers = [("Host", host), ("User-Agent", "mailflow"), ("Accept", accept), ("Connection", "close")]
    exchange = _Exchange(stream, most)
    try:
        return await exchange.run(h11.Request(method="GET", target=path, headers=headers))
    except h11.RemoteProtocolError as error:
        raise HttpError(f"the answer is not HTTP ({str(error)[:_LONGEST]})") from error


class _Exchange:
    def __init__(self, stream: Stream, most: int) -> None:
        self._stream = stream
        self._most = most
        self._left = most + _MOST_HEAD
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD)

    async def run(self, request: h11.Request) -> Response:
        await self._stream.write((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
        head = await self._next()
        while isinstance(head, h11.InformationalResponse):
            head = await self._next()
        if not isinstance(head, h11.Response):
            raise HttpError(f"there is no answer within {self._most + _MOST_HEAD} bytes")
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data) and len(body) <= self._most:
            body += event.data
        whole = isinstance(event, h11.EndOfMessage) and len(body) <= self._most
        return _response(head, bytes(body[: self._most]), whole=whole)

    async def _next(self) -> h11.Event | None:
        """The next event of the answer; None when it takes more bytes than it may. h11 raises where it is cut short."""
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                assert not isinstance(event, type)  # PAUSED needs an upgrade or a second request, and we make neither
                return event
            if self._left <= 0:
                return None
            data = await self._stream.read(_PIECE)
            if not data and self._http.their_state is h11.SEND_RESPONSE:
                raise HttpError("the connection ends without an answer")
            self._left -= len(data)
            self._http.receive_data(data)


def _response(head: h11.Response, body: bytes, *, whole: bool) -> Response:
    headers: dict[str, str] = {}
    for name, value in head.headers:
        headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return Response(head.status_code, headers, body, whole)
