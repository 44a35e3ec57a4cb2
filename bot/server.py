"""The HTTP side: Slack's requests, and two addresses for whoever watches over the process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp

from bot.health import Health, Readiness
from bot.settings import Settings

LARGEST_REQUEST = 4 * 1024 * 1024


def servers(
    settings: Settings, app: AsyncApp, health: Health, routes: Sequence[web.RouteDef], *, taking: Callable[[], bool]
) -> tuple[Server, Server | None]:
    """What Slack and others reach; and with a port of its own for metrics, what only the operator does. `taking`: Slack's
    requests can be stored."""
    own = settings.metrics_port is not None
    here = () if own else (web.get("/metrics", health.exposed_here),)
    listens = app if settings.mode == "http" else None
    server = Server(listens, taking=taking, readiness=health.readiness, routes=(*routes, *here))
    if not own:
        return server, None
    there = (web.get("/metrics", health.exposed),)
    return server, Server(None, taking=taking, readiness=health.readiness, routes=there)


class Server:
    """Listens from `start` to `stop`. `/slack/events` takes events, commands and clicks, in HTTP mode, while `taking`."""

    def __init__(
        self,
        app: AsyncApp | None,
        *,
        taking: Callable[[], bool],
        readiness: Callable[[], Awaitable[Readiness]],
        routes: Sequence[web.RouteDef] = (),
    ) -> None:
        self._app = app
        self._routes = routes
        self._taking = taking
        self._readiness = readiness
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self, host: str, port: int) -> None:
        """Port 0 takes a free one. Raises OSError when the port is taken."""
        application = web.Application(client_max_size=LARGEST_REQUEST)
        application.router.add_get("/healthz", self._alive)
        application.router.add_get("/readyz", self._is_ready)
        application.router.add_routes(self._routes)
        if self._app:
            application.router.add_post("/slack/events", self._slack)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=3)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _slack(self, request: web.Request) -> web.Response:
        """503 until the bot has started: Slack then delivers again. What comes while it lags, or as it stops, is stored all the
        same: Slack sends no command and no click twice."""
        assert self._app is not None
        if not self._taking():
            return web.Response(status=503, text="starting")
        return await to_aiohttp_response(await self._app.async_dispatch(await to_bolt_request(request)))

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _is_ready(self, _request: web.Request) -> web.Response:
        state = await self._readiness()
        said = {"ready": state.ready, **state.parts, "jobs": state.jobs}
        return web.json_response(said, status=200 if state.ready else 503)
