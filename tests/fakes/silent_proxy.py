"""A way to a PostgreSQL that can go silent: what was connected stays open, and nothing comes through any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class SilentProxy:
    """As after a failover whose old server is gone, or behind a firewall that forgot the connections."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        folder = Path(parse_qs(self._parts.query)["host"][0])
        [self._socket] = folder.glob(".s.PGSQL.*[0-9]")
        self._generation = 0
        self.url = ""

    def swallow(self) -> None:
        """Connections that there are now get nothing any more, not even an end; new ones work."""
        self._generation += 1

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[SilentProxy]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"postgresql://{self._parts.username}@127.0.0.1:{port}{self._parts.path}"
        try:
            yield self
        finally:
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        generation = self._generation
        from_server, to_server = await asyncio.open_unix_connection(self._socket)

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if self._generation == generation:
                    target.write(data)
            target.close()

        await asyncio.gather(carry(reader, to_server), carry(from_server, writer), return_exceptions=True)
