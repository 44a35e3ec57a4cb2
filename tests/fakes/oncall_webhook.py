"""A webhook of an operator's own: checks our signature as docs/oncall.md says, keeps what it was told, and answers."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.loopback import OnLoopback

Json = dict[str, Any]
SECRET = "shared-secret"


class OnCallWebhook(OnLoopback):
    """`answer` is what it says when it is asked who is on call. `fail` answers the next calls with these statuses."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Json]] = []
        self.answer: Json | bytes = {"people": []}
        self.fail: list[int] = []
        self.forged = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/{rest:.*}", self._handle)]

    async def tell(self, url: str, body: Json, timestamp: float, *, secret: str = SECRET, prefix: str = "") -> int:
        """Tells the bot something, signed; the status that it got. `prefix` is put before the time that was signed."""
        content = json.dumps(body).encode()
        headers = signed(content, str(int(timestamp)), secret)
        headers["Mailflow-Timestamp"] = prefix + headers["Mailflow-Timestamp"]
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
