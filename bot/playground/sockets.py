"""Socket Mode: the bot's WebSocket connections, and the envelopes that go out over any one of them.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from typing import Any

from aiohttp import WSMsgType, web

from bot.playground import people

Json = dict[str, Any]
MOST_CONNECTIONS = 10


class Sockets:
    """Open connections. Each envelope goes to one of them, in turn."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._connections: list[web.WebSocketResponse] = []
        self._turn = itertools.count()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._connected = asyncio.Event()

    @property
    def count(self) -> int:
        return len(self._connections)

    def ticket(self) -> str:
        """A secret that opens one connection: it stands in the address that `apps.connections.open` returns."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint: says hello, then takes acknowledgements until the bot leaves."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPUnauthorized
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.count >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self._connections.append(socket)
        self._connected.set()
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledged(message.data)
        finally:
            if socket in self._connections:
                self._connections.remove(socket)
            if not self._connections:
                self._connected.clear()
        return socket

    async def send(self, envelope: Json, within: float) -> Json:
        """Send over one connection and return the acknowledgement.

        Raises TimeoutError when nobody acknowledged in `within` seconds, or nobody was connected.
        """
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = answer
        try:
            async with asyncio.timeout(within):
                await self._connected.wait()
                await self._connections[next(self._turn) % self.count].send_json(envelope)
                return await answer
        finally:
            self._waiting.pop(envelope["envelope_id"], None)

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Tell every connection to come back on a new address, as Slack does now and then, and close it."""
        leaving, self._connections = self._connections, []
        self._connected.clear()
        for socket in leaving:
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}})
            await socket.close()

    async def close(self) -> None:
        leaving, self._connections = self._connections, []
        for socket in leaving:
            await socket.close()

    def _hello(self) -> Json:
        info = {"app_id": people.APP}
        debug = {"host": "playground", "build_number": 1, "approximate_connection_time": 18060}
        return {"type": "hello", "connection_info": info, "num_connections": self.count, "debug_info": debug}

    def _acknowledged(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        waiting = self._waiting.get(message.get("envelope_id", "")) if isinstance(message, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
