"""Several workspaces at one address, as Slack is: each a playground, told apart by what a request carries."""

from __future__ import annotations

from aiohttp import web

from bot.playground.server import Playground


class ManyWorkspaces:
    """Serves `places` from one address; their events go to where each one's `request_url` says. Whoever comes to install the app
    does so in `chosen`."""

    def __init__(self, places: list[Playground]) -> None:
        self.places = places
        self.chosen = places[0]
        self.url = ""
        self._runner: web.AppRunner | None = None

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for number, route in enumerate(self.places[0].wire()):
            app.router.add_route(route.method, route.path, self._handler(number))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        for place in self.places:
            await place.open(self.url)

    async def stop(self) -> None:
        for place in self.places:
            await place.stop()
        if self._runner:
            await self._runner.cleanup()

    def _handler(self, number: int) -> web.RequestDef:
        async def handle(request: web.Request) -> web.StreamResponse:
            place = await self._meant(request)
            return await place.wire()[number].handler(request)  # type: ignore[no-any-return,operator,call-arg,misc]

        return handle  # type: ignore[return-value]

    async def _meant(self, request: web.Request) -> Playground:
        if request.path.startswith("/oauth/"):
            return self.chosen
        info = request.match_info
        form = await request.post() if request.path.endswith("/oauth.v2.access") else {}
        secrets = {str(form.get(name)) for name in ("code", "refresh_token")}
        secrets.add(request.headers.get("Authorization", "").removeprefix("Bearer "))
        for place in self.places:
            known = any(place.tokens.knows(secret) for secret in secrets)
            if known or info.get("team") == place.workspace.team.id or info.get("id") in place.files:
                return place
        return self.places[0]
