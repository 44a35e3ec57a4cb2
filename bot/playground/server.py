"""The playground as one object: starts it, stops it, acts as a person in it, and looks at what happened."""

from __future__ import annotations

import asyncio
import copy
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aiohttp import web

from bot.playground import people
from bot.playground.delivery import Courier, Delivery
from bot.playground.errors import SlackError
from bot.playground.faults import Fault, Limit
from bot.playground.files import StoredFile
from bot.playground.manifest import Manifest
from bot.playground.member import Members, Upload
from bot.playground.methods import Context
from bot.playground.page_api import PageApi
from bot.playground.people import CONTOSO, Team
from bot.playground.responses import Responses
from bot.playground.sockets import Sockets
from bot.playground.timings import Timings
from bot.playground.tokens import App, Tokens
from bot.playground.web_api import Call, WebApi
from bot.playground.workspace import Json, Workspace

T = TypeVar("T")
LARGEST_UPLOAD = 256 * 1024 * 1024  # bytes
_POLL = 0.05  # seconds between looks at a condition that nothing here announces
_LOGIN = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Contoso</body></html>"


class Playground:
    """A local workspace that speaks Slack's wire.

    People and channels are named by id or by name ("alex", "#exchange"; a person's name as the channel means their
    direct messages with the bot). With `request_url` the bot is reached over signed HTTP, without over Socket Mode.
    An `app` can be installed by OAuth, at `/oauth/v2/authorize`. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        signing_secret: str,
        request_url: str | None,
        clock: Callable[[], float] = time.time,
        timings: Timings | None = None,
        manifest: Manifest | None = None,
        team: Team = CONTOSO,
        app: App | None = None,
    ) -> None:
        self.url = ""
        timings = timings or Timings()
        self.workspace = Workspace(clock, manifest or Manifest(), team)
        self.reads_files = True
        """Whether the app was granted `files:read`."""
        self.tokens = Tokens(team, clock, bot_token=bot_token, app_token=app_token, app=app)
        self.sockets = Sockets()
        self.responses = Responses(self.workspace, timings, lambda: self.url)
        self._courier = Courier(self.workspace, self.sockets, timings, signing_secret, request_url)
        self._context = Context(self.workspace, self.responses, self.sockets, lambda: self.url)
        self._api = WebApi(self._context, self.tokens)
        self.members = Members(self.workspace, self._courier, self.responses, lambda: self.url)
        self._page = PageApi(self._context, self.members, secrets.token_urlsafe(32))
        self._runner: web.AppRunner | None = None
        self.workspace.subscribe(self._courier.changed)

    # -- running --------------------------------------------------------------------------------------

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen on loopback; port 0 takes a free one. Raises ValueError for any other host, OSError if taken."""
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("the playground listens on loopback only")
        app = web.Application(client_max_size=LARGEST_UPLOAD)
        app.add_routes([*self._page.routes(), *self.wire()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        shown = f"[{host}]" if ":" in host else host
        await self.open(f"http://{shown}:{self._runner.addresses[0][1]}")

    def wire(self) -> list[web.RouteDef]:
        """What the bot, or the browser of whoever installs it, talks to."""
        return [
            web.route("*", "/api/{method}", self._api.handle),
            web.post("/actions/{team}/{key}", self.responses.handle),
            web.post("/upload/v1/{id}/{secret}", self._receive_upload),
            web.get("/files-pri/{team}-{file}/{rest:.*}", self._download),
            web.get("/link/", self.sockets.handle),
            web.get("/oauth/v2/authorize", self.tokens.authorize),
        ]

    async def open(self, url: str) -> None:
        """Begins to deliver. `url` is where `wire` is served."""
        self.url = url
        await self._courier.start()

    async def stop(self) -> None:
        """Stop listening, and give up deliveries that are under way."""
        self._page.close()
        await self._courier.stop()
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def api_url(self) -> str:
        """Where the Web API is: what `SLACK_API_URL` must say."""
        return f"{self.url}/api/"

    @property
    def request_url(self) -> str | None:
        return self._courier.request_url

    @request_url.setter
    def request_url(self, value: str | None) -> None:
        self._courier.request_url = value

    # -- acting as a person ---------------------------------------------------------------------------

    async def post(
        self, user: str, channel: str, text: str, thread_ts: str | None = None, files: Sequence[Upload] = ()
    ) -> str:
        """Say something, with `files` as (name, bytes). Returns the message's `ts`."""
        return self.members.post(user, channel, text, thread_ts or "", files)

    async def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        self.members.edit(user, channel, ts, text)

    async def delete(self, user: str, channel: str, ts: str) -> None:
        self.members.delete(user, channel, ts)

    async def command(self, user: str, channel: str, name: str, text: str = "") -> Delivery:
        return await self.members.command(user, channel, name, text)

    async def click(self, user: str, message_ts: str, action_id: str, chosen: Any = None) -> Delivery:
        return await self.members.click(user, message_ts, action_id, chosen)

    async def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        chosen: Any = None,
        values: dict[str, Any] | None = None,
    ) -> Delivery:
        return await self.members.click_view(user, view_id, action_id, chosen, values)

    async def shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Delivery:
        return await self.members.shortcut(user, channel, ts, callback_id)

    async def global_shortcut(self, user: str, callback_id: str) -> Delivery:
        return await self.members.global_shortcut(user, callback_id)

    async def submit_view(self, user: str, values: dict[str, Any], view_id: str = "") -> Delivery:
        return await self.members.submit_view(user, values, view_id)

    async def open_home(self, user: str) -> None:
        self.members.open_home(user)

    def send_event(self, event: Json) -> str:
        """Send any event to the bot, such as `{"type": "app_uninstalled"}`. Returns its id."""
        return self._courier.event(event)

    def uninstall(self) -> None:
        """Remove the app from the workspace."""
        self.tokens.revoke()
        self.send_event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [people.BOT_USER]}})
        self.send_event({"type": "app_uninstalled"})

    # -- looking --------------------------------------------------------------------------------------

    def messages(self, channel: str) -> list[Json]:
        """Every message of a channel, replies too, oldest first."""
        return copy.deepcopy(self.workspace.messages(self.workspace.place(channel).id))

    def thread(self, channel: str, ts: str) -> list[Json]:
        """A thread: the parent, then its replies."""
        return copy.deepcopy(self.workspace.thread(self.workspace.place(channel).id, ts))

    def ephemerals(self, user: str) -> list[Json]:
        return copy.deepcopy(self.workspace.ephemerals.get(self.workspace.person(user).id, []))

    def modals(self, user: str) -> list[Json]:
        """The person's open modals, the topmost last."""
        return copy.deepcopy(self.workspace.modals.get(self.workspace.person(user).id, []))

    def home(self, user: str) -> Json | None:
        return self.workspace.homes.get(self.workspace.person(user).id)

    @property
    def files(self) -> dict[str, StoredFile]:
        return self.workspace.files

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt at delivering something to the bot, in the order in which they ended."""
        return self._courier.record

    @property
    def calls(self) -> list[Call]:
        """Every call of the Web API, in order."""
        return self._api.calls

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 10) -> T:  # noqa: ASYNC109 reads well in tests
        """The predicate's first true value. Raises TimeoutError when there is none within `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while not (found := predicate()):
                try:
                    await asyncio.wait_for(self.workspace.stirred(), _POLL)
                except TimeoutError:
                    continue
            return found

    # -- making trouble -------------------------------------------------------------------------------

    async def redeliver(self, event_id: str, times: int = 1) -> None:
        """Send an event again although it was acknowledged. Raises LookupError for an unknown event."""
        await self._courier.redeliver(event_id, times)

    def fail_next(self, method: str, count: int = 1, **fault: Any) -> None:
        """Make the next `count` calls of a Web API method go wrong: see `Fault` for how."""
        self._api.faults.add(Fault(method, count, **fault))

    def limit(self, method: str, *, every: float = 1.0, burst: int = 5) -> None:
        """From now on, refuse calls of a method that come faster than one each `every` seconds in a channel, after a burst."""
        self._api.limits[method] = Limit(every, burst, time.monotonic)

    # -- files on the wire ----------------------------------------------------------------------------

    async def _receive_upload(self, request: web.Request) -> web.Response:
        stored = self.files.get(request.match_info["id"])
        secret = request.match_info["secret"]
        if stored is None or not hmac.compare_digest(secret.encode(), stored.upload_secret.encode()):
            raise web.HTTPNotFound
        if request.content_type.startswith("multipart/"):
            field = next(iter((await request.post()).values()), None)
            content = field.file.read() if isinstance(field, web.FileField) else str(field or "").encode()
        else:
            content = await request.read()
        if len(content) != stored.expected:
            return web.Response(status=400, text="length mismatch")
        stored.content, stored.upload_secret = content, secrets.token_urlsafe(24)
        return web.Response(text=f"OK - {len(content)}")

    async def _download(self, request: web.Request) -> web.Response:
        """A private file. Without the bot's token it answers like Slack: a login page, with status 200."""
        stored = self.files.get(request.match_info["file"])
        try:
            self.tokens.kind(request.headers.get("Authorization", "").removeprefix("Bearer "))
            allowed = self.reads_files
        except SlackError:
            allowed = False
        if not allowed:
            return web.Response(text=_LOGIN, content_type="text/html")
        if stored is None or stored.content is None:
            raise web.HTTPNotFound
        return web.Response(body=stored.content, content_type=stored.mimetype)
