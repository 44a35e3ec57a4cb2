"""Web applications on loopback."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from aiohttp import web


@asynccontextmanager
async def on_loopback(app: web.Application) -> AsyncIterator[str]:
    """Serves `app` on a free port; its URL, without a path."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class OnLoopback(ABC):
    """A fake that answers HTTP while it is entered: `routes` says to what, `url` where, without a path."""

    url = ""

    @abstractmethod
    def routes(self) -> list[web.RouteDef]: ...

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(self.routes())
        self._served = on_loopback(app)
        self.url = await self._served.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._served.__aexit__(kind, error, trace)
