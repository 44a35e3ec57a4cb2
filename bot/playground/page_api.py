"""The endpoints behind the page. Only the page itself may use them: see `PageApi._guard`."""

from __future__ import annotations

import asyncio
import hmac
import html
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground import people
from bot.playground.errors import SlackError
from bot.playground.member import Members
from bot.playground.methods.chat import react
from bot.playground.methods.context import Context
from bot.playground.samples import load_samples
from bot.playground.workspace import Change, Json

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ASSETS = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_KEEP_ALIVE = 15.0
Action = Callable[[Json], Awaitable[Json]]


class PageApi:
    """Serves the page, streams what happens, and does what its buttons ask."""

    def __init__(self, context: Context, members: Members, token: str) -> None:
        self._context = context
        self._space = context.workspace
        self._members = members
        self._token = token
        self._streams: set[asyncio.Queue[Json | None]] = set()
        self._actions: dict[str, Action] = {
            "post": self._post,
            "edit": self._edit,
            "delete": self._delete,
            "command": self._command,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "shortcut": self._shortcut,
            "global_shortcut": self._global_shortcut,
            "react": self._react,
            "home": self._home,
            "dismiss": self._dismiss,
        }
        self._space.subscribe(self._changed)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/archives/{channel}/{message}", self._index),
            web.get("/page/{name}", self._asset),
            web.get("/client/state", self._state),
            web.get("/client/stream", self._stream),
            web.get("/client/files/{id}", self._file),
            web.post("/client/upload", self._upload),
            web.post("/client/do/{action}", self._do),
        ]

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for queue in self._streams:
            queue.put_nowait(None)

    # -- who may come in ------------------------------------------------------------------------------

    def _guard(self, request: web.Request, *, token: bool = True) -> None:
        """Loopback host names only (no DNS rebinding), our own origin only, and the token that the page carries."""
        host = urlsplit(f"//{request.host}").hostname
        origin = request.headers.get("Origin")
        if host not in _LOOPBACK or (origin is not None and origin != f"http://{request.host}"):
            raise web.HTTPForbidden(text="Open the playground by its own address on this computer.")
        given = request.headers.get("X-Playground-Token") or request.query.get("token", "")
        if token and not hmac.compare_digest(given.encode(), self._token.encode()):
            raise web.HTTPForbidden(text="This page belongs to an earlier start. Reload it.")

    # -- the page -------------------------------------------------------------------------------------

    async def _index(self, request: web.Request) -> web.Response:
        self._guard(request, token=False)
        text = (files("bot.playground") / "page" / "index.html").read_text("utf-8")
        text = text.replace("%TOKEN%", html.escape(self._token, quote=True))
        return web.Response(text=text, content_type="text/html", headers=_SECURITY)

    async def _asset(self, request: web.Request) -> web.Response:
        self._guard(request, token=False)
        name = request.match_info["name"]
        known = {item.name: item for item in (files("bot.playground") / "page").iterdir()}
        suffix = "." + name.rpartition(".")[2]
        if name not in known or name == "index.html" or suffix not in _ASSETS:
            raise web.HTTPNotFound
        text = known[name].read_text("utf-8")
        return web.Response(text=text, content_type=_ASSETS[suffix], headers=_SECURITY)

    async def _state(self, request: web.Request) -> web.Response:
        self._guard(request)
        space = self._space
        state = {
            "workspace": space.team.name,
            "team": space.team.id,
            "bot": {"user": people.BOT_USER, "name": space.manifest.name},
            "commands": list(space.manifest.commands),
            "shortcuts": space.manifest.message_shortcuts,
            "globalShortcuts": space.manifest.global_shortcuts,
            "people": [person.to_slack(space.team) for person in space.people.values()],
            "groups": [group.to_slack() for group in space.groups],
            "channels": [{**channel.to_slack(), "name": channel.name} for channel in space.channels.values()],
            "messages": {channel: space.messages(channel) for channel in space.channels},
            "ephemerals": space.ephemerals,
            "modals": space.modals,
            "homes": space.homes,
            "samples": [sample.to_json() for sample in load_samples()],
        }
        return web.json_response(state, headers=_SECURITY)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self._guard(request)
        headers = {**_SECURITY, "Content-Type": "text/event-stream"}
        response = web.StreamResponse(headers=headers)
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._streams.add(queue)  # before the page hears that it is open, so that it misses nothing
        try:
            await response.prepare(request)
            await response.write(b": open\n\n")
            while True:
                try:
                    item = await asyncio.wait_for(queue.get(), _KEEP_ALIVE)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if item is None:
                    return response
                await response.write(f"data: {json.dumps(item)}\n\n".encode())
        except ConnectionError:  # the page was closed
            return response
        finally:
            self._streams.discard(queue)

    def _changed(self, change: Change) -> None:
        item: Json = {"kind": change.kind, "channel": change.channel, "user": change.user}
        item["message"] = change.message or change.previous
        if change.kind == "modals":
            item["modals"] = self._space.modals.get(change.user, [])
        if change.kind == "home":
            item["home"] = self._space.homes.get(change.user)
        for queue in self._streams:
            queue.put_nowait(json.loads(json.dumps(item)))

    async def _file(self, request: web.Request) -> web.Response:
        self._guard(request)
        stored = self._space.files.get(request.match_info["id"])
        if stored is None or stored.content is None:
            raise web.HTTPNotFound
        kind = "text/plain" if stored.is_text else "application/octet-stream"
        headers = {**_SECURITY, "Content-Disposition": "attachment"}
        return web.Response(body=stored.content, content_type=kind, headers=headers)

    # -- what a person does ---------------------------------------------------------------------------

    async def _upload(self, request: web.Request) -> web.Response:
        self._guard(request)
        name = request.query.get("name", "").strip() or "file.txt"
        stored = self._members.upload(request.query["user"], name, await request.read())
        return web.json_response({"id": stored.id, "name": stored.name}, headers=_SECURITY)

    async def _do(self, request: web.Request) -> web.Response:
        self._guard(request)
        action = self._actions.get(request.match_info["action"])
        if action is None:
            raise web.HTTPNotFound
        try:
            answer = await action(await request.json())
        except SlackError as refusal:
            return web.json_response({"ok": False, "error": refusal.code}, headers=_SECURITY)
        except (KeyError, ValueError, TypeError):
            return web.json_response({"ok": False, "error": "invalid_arguments"}, status=400, headers=_SECURITY)
        return web.json_response({"ok": True, **answer}, headers=_SECURITY)

    async def _post(self, body: Json) -> Json:
        user, channel, thread_ts = body["user"], body["channel"], str(body.get("thread_ts") or "")
        stored = [self._space.files[name] for name in body.get("files", [])]
        channel = self._space.place(channel).id
        return {"ts": self._members.post_stored(user, channel, body["text"], thread_ts, stored)}

    async def _edit(self, body: Json) -> Json:
        self._members.edit(body["user"], body["channel"], body["ts"], body["text"])
        return {}

    async def _delete(self, body: Json) -> Json:
        self._members.delete(body["user"], body["channel"], body["ts"])
        return {}

    async def _command(self, body: Json) -> Json:
        done = await self._members.command(body["user"], body["channel"], body["command"], body["text"])
        return {"acknowledged": done.acknowledged}

    async def _click(self, body: Json) -> Json:
        where: dict[str, Any] = {"action_id": body["action_id"], "chosen": body.get("chosen")}
        if body.get("view_id"):
            entered = body.get("values") or {}
            done = await self._members.click_view(body["user"], body["view_id"], **where, values=entered)
        else:
            done = await self._members.click(body["user"], body["ts"], **where)
        return {"acknowledged": done.acknowledged}

    async def _submit(self, body: Json) -> Json:
        done = await self._members.submit_view(body["user"], body["values"], body["view_id"])
        return {"acknowledged": done.acknowledged}

    async def _close(self, body: Json) -> Json:
        await self._members.close_view(body["user"])
        return {}

    async def _shortcut(self, body: Json) -> Json:
        done = await self._members.shortcut(body["user"], body["channel"], body["ts"], body["callback_id"])
        return {"acknowledged": done.acknowledged}

    async def _global_shortcut(self, body: Json) -> Json:
        done = await self._members.global_shortcut(body["user"], body["callback_id"])
        return {"acknowledged": done.acknowledged}

    async def _react(self, body: Json) -> Json:
        args = {"channel": body["channel"], "timestamp": body["ts"], "name": body["name"]}
        react(self._context, args, body["user"], add=bool(body["add"]))
        return {}

    async def _home(self, body: Json) -> Json:
        self._members.open_home(body["user"], body.get("tab", "home"))
        return {}

    async def _dismiss(self, body: Json) -> Json:
        self._space.unwhisper(body["user"], body["ts"])
        return {}
