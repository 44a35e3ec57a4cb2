"""Slack's Web API over HTTP: reads the arguments, checks the token, and answers as Slack does.

What each method does stands in `methods`. Source: https://docs.slack.dev/apis/web-api
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.playground.errors import SlackError
from bot.playground.faults import Fault, FaultPlan, Limit
from bot.playground.methods import METHODS, Context
from bot.playground.tokens import Tokens
from bot.playground.workspace import Json

_JSON_ARGUMENTS = frozenset({"attachments", "blocks", "files", "metadata", "view"})
_WITHOUT_TOKEN = frozenset({"api.test"})
_APP_TOKEN = frozenset({"apps.connections.open"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API: what was asked (without tokens and secrets) and what was answered ("" error is success)."""

    method: str
    args: Json
    status: int = 200
    error: str = ""
    result: Json = field(default_factory=dict)


class WebApi:
    """The handler of `/api/<method>`."""

    def __init__(self, context: Context, tokens: Tokens) -> None:
        self.calls: list[Call] = []
        self.faults = FaultPlan()
        self.limits: dict[str, Limit] = {}
        self._context = context
        self._tokens = tokens

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fault = self.faults.take(method) or Fault(method)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        try:
            args = await read_arguments(request)
        except ValueError:
            return self._refuse(Call(method, {}), SlackError("invalid_arguments"))
        token = _token(request, args)
        limit = self.limits.get(method)
        if limit and (wait := limit.take(str(args.get("channel") or ""))):
            fault = Fault(method, status=429, retry_after=wait)
        if fault.status:
            return self._broken(Call(method, args, fault.status), fault)
        answer = self._answer(method, args, token, fault.error)
        if fault.lost_answer:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)  # never arrives
        return answer

    def _answer(self, method: str, args: Json, token: str, forced: str) -> web.Response:
        asked = copy.deepcopy(args)  # what is stored of the arguments may change; the record must not
        asked.pop("client_secret", None)
        try:
            result = self._perform(method, args, token, forced)
        except SlackError as refusal:
            return self._refuse(Call(method, asked), refusal)
        self._note(Call(method, asked, result=copy.deepcopy(result)))
        scopes = ",".join(self._context.workspace.manifest.scopes)
        return web.json_response({"ok": True, **result}, headers={"x-oauth-scopes": scopes} if scopes else None)

    def _perform(self, method: str, args: Json, token: str, forced: str) -> Json:
        if forced:
            raise SlackError(forced)
        if method == "oauth.v2.access":
            return self._tokens.access(args)
        self._authorise(method, token)
        if method == "auth.revoke":
            self._tokens.revoke()
            return {"revoked": True}
        perform = METHODS.get(method)
        if perform is None:
            raise SlackError("unknown_method")
        return perform(self._context, args)

    def _authorise(self, method: str, token: str) -> None:
        if method in _WITHOUT_TOKEN:
            return
        if (self._tokens.kind(token) == "app") != (method in _APP_TOKEN):
            raise SlackError("not_allowed_token_type")

    def _refuse(self, call: Call, refusal: SlackError) -> web.Response:
        self._note(Call(call.method, call.args, error=refusal.code))
        body: Json = {"ok": False, "error": refusal.code}
        if refusal.messages:
            body["response_metadata"] = {"messages": list(refusal.messages)}
            if refusal.code == "invalid_blocks":
                body["errors"] = [message.removeprefix("[ERROR] ") for message in refusal.messages]
        return web.json_response(body)

    def _broken(self, call: Call, fault: Fault) -> web.Response:
        self._note(call)
        if fault.status != 429:
            return web.Response(status=fault.status, text="Internal Server Error")
        headers = {"Retry-After": str(fault.retry_after)}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)

    def _note(self, call: Call) -> None:
        self.calls.append(call)
        self._context.workspace.stir()


async def read_arguments(request: web.Request) -> Json:
    """The arguments of a call: from the query, and from a form or JSON body. Raises ValueError on broken JSON."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        text = await request.text()
        body = json.loads(text) if text else {}
        if not isinstance(body, dict):
            raise ValueError("the body is not an object")
        args.update(body)
    elif request.body_exists:
        args.update({key: value for key, value in (await request.post()).items() if isinstance(value, str)})
    for name in _JSON_ARGUMENTS & args.keys():
        if isinstance(args[name], str):
            args[name] = json.loads(args[name])
    if request.headers.get("Authorization", "").lower().startswith("basic "):  # the app's own credentials
        told = base64.b64decode(request.headers["Authorization"].split(" ", 1)[1]).decode()
        args["client_id"], _, args["client_secret"] = told.partition(":")
    return args


def _token(request: web.Request, args: dict[str, Any]) -> str:
    token = str(args.pop("token", "") or "")
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else token
