"""A web server on loopback for policies, that sends the very bytes it is told to.

    async with HttpsServer(answer(b"version: STSv1\\n…"), context) as server:
        ports = {443: server.port}

`asked` holds the request lines it got.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Final

_MOST_HEAD: Final = 1 << 14


def answer(body: bytes, *, status: str = "200 OK", kind: str = "text/plain", headers: tuple[str, ...] = ()) -> bytes:
    """A whole HTTP answer; `kind` "" leaves the content type out."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    if kind:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class HttpsServer:
    """`response` is sent after the request's head, or nothing and never when it is None; the connection is closed then,
    unless `keep` says to hold it open. `context` None speaks plain HTTP, and answers the first byte."""

    def __init__(
        self, response: bytes | None, context: ssl.SSLContext | None, *, host: str = "127.0.0.1", keep: bool = False
    ) -> None:
        self.asked: list[str] = []
        self.port = 0
        self._response, self._context, self._host, self._keep = response, context, host, keep
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> HttpsServer:
        self._server = await asyncio.start_server(self._serve, self._host, 0, ssl=self._context, limit=_MOST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                head = await (reader.readuntil(b"\r\n\r\n") if self._context else reader.read(1))
                self.asked.append(head.split(b"\r\n")[0].decode("latin-1"))
                if self._response is None:
                    await asyncio.Event().wait()
                else:
                    writer.write(self._response)
                    await writer.drain()
                if self._keep:
                    await asyncio.Event().wait()
        finally:
            writer.close()
            self._tasks.discard(task)
