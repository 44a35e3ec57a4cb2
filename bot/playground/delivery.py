"""Carries events, commands and interactivity to the bot, over signed HTTP or Socket Mode, with Slack's retries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.playground import events
from bot.playground.sockets import Sockets
from bot.playground.timings import Timings
from bot.playground.workspace import Change, Json, Workspace

EVENTS, COMMANDS, INTERACTIVE = "events_api", "slash_commands", "interactive"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt at delivering one payload.

    `kind` is "events_api", "slash_commands" or "interactive"; `id` is the event's id ("Ev…"), empty for the other
    two. `status` is the HTTP status (200 for an acknowledged envelope), or 0 when no answer came; then `error` is
    Slack's reason: "http_timeout", "http_error" or "connection_failed". `retry_num` counts redeliveries from 1.
    `answer` is the body of the acknowledgement: a dict, or text.
    """

    kind: str
    id: str
    payload: Json
    transport: str
    retry_num: int = 0
    retry_reason: str = ""
    status: int = 0
    error: str = ""
    answer: Any = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_retry(self) -> bool:
        return not self.acknowledged and self.headers.get("x-slack-no-retry") != "1"


class Courier:
    """Delivers to the bot at `request_url`, or over Socket Mode when that is None. Records every attempt."""

    def __init__(
        self,
        workspace: Workspace,
        sockets: Sockets,
        timings: Timings,
        signing_secret: str,
        request_url: str | None,
    ) -> None:
        self.workspace = workspace
        self.sockets = sockets
        self.timings = timings
        self.signing_secret = signing_secret
        self.request_url = request_url
        self.record: list[Delivery] = []
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self._session = aiohttp.ClientSession()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def changed(self, change: Change) -> None:
        """Send the events that a change brings, as far as the app subscribes to them."""
        for event in events.of_change(self.workspace, change):
            self.event(event)

    def event(self, event: Json) -> str:
        """Send one event in the background. Returns its id, or "" when the app does not subscribe to it."""
        if events.subscription(event) not in self.workspace.manifest.events:
            return ""
        event_id = "Ev" + secrets.token_hex(5).upper()[:9]
        body = events.envelope(self.workspace, event, event_id, self.workspace.clock())
        self._in_background(self._with_retries(Delivery(EVENTS, event_id, body, self._transport)))
        return event_id

    async def request(self, kind: str, payload: Json) -> Delivery:
        """Send a command or an interaction, once, and wait for its acknowledgement."""
        return await self._attempt(Delivery(kind, "", payload, self._transport))

    async def redeliver(self, event_id: str, times: int) -> None:
        """Send an event again, as Slack does when it believes that an acknowledgement was lost."""
        sent = next((d for d in self.record if d.id == event_id), None)
        if sent is None:
            raise LookupError(f"no event {event_id} was delivered")
        for number in range(1, times + 1):
            again = Delivery(EVENTS, event_id, sent.payload, self._transport, number, "http_timeout")
            await self._attempt(again)

    @property
    def _transport(self) -> str:
        return "http" if self.request_url else "socket"

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _with_retries(self, delivery: Delivery) -> None:
        done = await self._attempt(delivery)
        for number, delay in enumerate(self.timings.retry_delays, start=1):
            if not done.may_retry:
                return
            await asyncio.sleep(delay)
            again = replace(delivery, transport=self._transport, retry_num=number, retry_reason=done.error)
            done = await self._attempt(again)

    async def _attempt(self, delivery: Delivery) -> Delivery:
        send = self._over_http if self.request_url else self._over_socket
        try:
            done = await send(delivery)
        except TimeoutError:
            done = replace(delivery, error="http_timeout")
        except (aiohttp.ClientError, ConnectionError):
            done = replace(delivery, error="connection_failed")
        self.record.append(done)
        self.workspace.stir()
        return done

    async def _over_http(self, delivery: Delivery) -> Delivery:
        assert self._session is not None, "the workspace has not started"
        body, headers = self._signed(delivery)
        limit = aiohttp.ClientTimeout(total=self.timings.acknowledge)
        async with self._session.post(str(self.request_url), data=body, headers=headers, timeout=limit) as response:
            text = await response.text()
            names = {name.lower(): value for name, value in response.headers.items()}
        error = "" if response.status < 300 else "http_error"
        return replace(delivery, status=response.status, error=error, answer=_body(text), headers=names)

    async def _over_socket(self, delivery: Delivery) -> Delivery:
        envelope: Json = {
            "envelope_id": f"{secrets.token_hex(4)}-{secrets.token_hex(8)}",
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != EVENTS,
        }
        if delivery.kind == EVENTS:
            reason = delivery.retry_reason.replace("http_", "")
            envelope.update(retry_attempt=delivery.retry_num, retry_reason=reason)
        answer = await self.sockets.send(envelope, self.timings.acknowledge)
        return replace(delivery, status=200, answer=answer.get("payload") or "")

    def _signed(self, delivery: Delivery) -> tuple[bytes, dict[str, str]]:
        """The body and its headers: https://docs.slack.dev/authentication/verifying-requests-from-slack"""
        if delivery.kind == EVENTS:
            kind, text = "application/json", json.dumps(delivery.payload)
        else:
            form = delivery.payload if delivery.kind == COMMANDS else {"payload": json.dumps(delivery.payload)}
            kind, text = "application/x-www-form-urlencoded", urlencode(form)
        now = str(int(self.workspace.clock()))
        key = self.signing_secret.encode()
        digest = hmac.new(key, f"v0:{now}:{text}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": kind,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": now,
            "X-Slack-Signature": f"v0={digest}",
        }
        if delivery.retry_num:
            headers["X-Slack-Retry-Num"] = str(delivery.retry_num)
            headers["X-Slack-Retry-Reason"] = delivery.retry_reason
        return text.encode(), headers


def _body(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
