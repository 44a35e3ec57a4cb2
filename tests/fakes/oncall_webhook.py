"""A webhook of an operator's own: checks our signature as docs/oncall.md says, keeps what it was told, and answers."""

from __future__ import annotations

import hashlib
import hmac
import json
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web

Json = dict[str, Any]
SECRET = "shared-secret"


class OnCallWebhook:
    """`answer` is what it says when it is asked who is on call. `fail` answers the next calls with these statuses."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Json]] = []
        self.answer: Json | bytes = {"people": []}
        self.fail: list[int] = []
        self.forged = 0
        self.url = ""

    async def __aenter__(self) -> OnCallWebhook:
        app = web.Application()
        app.router.add_post("/hook", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def tell(self, url: str, body: Json, timestamp: float, *, secret: str = SECRET) -> int:
        """Tells the bot something, signed; the status that it got."""
        content = json.dumps(body).encode()
        headers = signed(content, str(int(timestamp)), secret)
        async with aiohttp.ClientSession() as session, session.post(url, data=content, headers=headers) as answer:
            return answer.status

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        wanted = signed(body, request.headers["Mailflow-Timestamp"], SECRET)["Mailflow-Signature"]
        if request.headers["Mailflow-Signature"] != wanted:
            self.forged += 1
            return web.Response(status=401)
        if self.fail:
            status = self.fail.pop(0)
            return web.Response(status=status, headers={"Location": self.url} if status == 302 else {})
        told = json.loads(body)
        self.told.append((request.headers.get("Mailflow-Delivery", ""), told))
        if told["type"] != "who_is_on_call":
            return web.Response(status=204)
        if isinstance(self.answer, bytes):
            return web.Response(body=self.answer)
        return web.json_response(self.answer)


def signed(body: bytes, timestamp: str, secret: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), b"v1:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"Mailflow-Timestamp": timestamp, "Mailflow-Signature": "v1=" + digest}
