"""The bot's side of Slack: its client, Bolt, who it is there, and the socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.database import StartError
from bot.pacing import HeldUpError, OwnPaceError, Pacing
from bot.settings import Settings
from bot.telemetry import Telemetry
from handlers.failures import BLOCKS_REFUSED, advice, slack_error
from handlers.files import is_slack
from handlers.ports.slack import Identity, NotInstalledError

logger = logging.getLogger(__name__)

CALL_SECONDS = 10.0  # for one call of Slack's Web API
_REASON: Final = 200  # characters of an answer in which a refusal is named
_TRIES: Final = 3  # of one call that Slack says "not yet" to


class Authorize(AsyncAuthorize):
    """Bolt's own authorisation calls Slack on the first delivery, and acknowledges that delivery unseen when the call fails.
    Ours gives no token: listeners only store, and jobs ask for the client of the team that they speak to."""

    def __init__(self, identity: Callable[[str], Awaitable[Identity]]) -> None:
        self._identity = identity

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,  # noqa: ARG002 - Bolt's parameters
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,  # noqa: ARG002
        **_actor: str | None,
    ) -> AuthorizeResult | None:
        try:
            us = await self._identity(team_id or "")
        except NotInstalledError:
            return None
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=us.team, bot_user_id=us.user, bot_id=us.bot)


class Staying:
    """A session that follows no redirect, for the library, which follows all: what is sent holds tokens and pastes."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @property
    def closed(self) -> bool:
        return self._session.closed

    def request(self, method: str, url: str, **more: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._session.request(method, url, allow_redirects=False, **more)


class PacedClient(AsyncWebClient):
    """Calls Slack no faster than it likes, and tells `telemetry` of every call: its method and what came of it.

    Without `pacing` it has a pace of its own.
    """

    def __init__(self, telemetry: Telemetry, pacing: Pacing | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._telemetry = telemetry
        self._pacing = pacing or Pacing()

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        """Also raises OwnPaceError."""
        said: dict[str, Any] = arguments.get("json") or {}
        channel, ts = str(said.get("channel") or ""), str(said.get("ts") or "")
        send = partial(self._in_line, api_method, channel)
        try:
            if api_method == "chat.update":
                edited: AsyncSlackResponse = await self._pacing.merged((self.token or "", channel, ts), arguments, send)
                return edited
            return await send(lambda: arguments)
        except HeldUpError as early:
            answer = self._not_yet(api_method, early.seconds)
            if early.closed:
                raise SlackApiError(str(early), answer) from None  # type: ignore[no-untyped-call]  # the library does not type it
            raise OwnPaceError(str(early), answer) from None  # type: ignore[no-untyped-call]  # nor this

    async def _in_line(self, method: str, channel: str, arguments: Callable[[], dict[str, Any]]) -> AsyncSlackResponse:
        line = self._pacing.line(self.token or "", method, channel)
        number, tries = 0, _TRIES
        while True:
            number = await line.turn(number)
            tries -= 1
            try:
                with self._telemetry.slack_call(method):
                    return await super().api_call(method, **arguments())
            except SlackApiError as error:
                what = advice(error)
                if what.counts or what.after is None:
                    raise
                line.close(what.after)
                if what.after > line.patience or not tries:
                    raise

    def _not_yet(self, method: str, seconds: float) -> AsyncSlackResponse:
        """What Slack would answer."""
        return AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=f"{self.base_url}{method}",
            req_args={},
            data={"ok": False, "error": "ratelimited"},
            headers={"Retry-After": f"{seconds:.3f}"},
            status_code=429,
        )


def client(
    settings: Settings,
    session: aiohttp.ClientSession,
    telemetry: Telemetry,
    token: str | None,
    pacing: Pacing | None = None,
) -> AsyncWebClient:
    """No retries of its own: they would send a message twice when only the answer was lost. Jobs know better."""
    slack = PacedClient(
        telemetry,
        pacing,
        token=token,
        base_url=settings.slack_api_url,
        session=Staying(session),
        timeout=int(CALL_SECONDS),
        retry_handlers=[],
    )
    if _is_local(settings.slack_api_url):
        slack.proxy = None  # a proxy from the environment leads away from this machine
    return slack


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def bolt(settings: Settings, slack: AsyncWebClient, identity: Callable[[str], Awaitable[Identity]]) -> AsyncApp:
    """Bolt as it listens, with our own authorisation. `slack` has no token."""
    secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
    return AsyncApp(
        name="mailflow",
        signing_secret=secret,
        client=slack,
        authorize=Authorize(identity),  # type: ignore[arg-type]  # the library takes these, too
        request_verification_enabled=settings.mode == "http",
        ignoring_self_events_enabled=False,  # the deletion of a message of ours would be one; handlers.deliveries knows ours
        user_facing_authorize_error_message="Mailflow is no longer installed in this workspace; ask whoever manages its apps.",
    )


async def connect(app: AsyncApp, token: SecretStr | None) -> AsyncSocketModeHandler:
    """Opens the socket. The token is tried first, since the library would try a refused one for ever."""
    assert token is not None
    delay = 1.0
    while True:
        try:
            await app.client.apps_connections_open(app_token=token.get_secret_value())
            break
        except (SlackApiError, aiohttp.ClientError, OSError) as error:
            delay = await wait_or_refuse(error, "SLACK_APP_TOKEN", delay)
    handler = AsyncSocketModeHandler(app, token.get_secret_value())
    handler.client.proxy = app.client.proxy
    await handler.connect_async()  # type: ignore[no-untyped-call]  # the library does not type it
    return handler


async def wait_or_refuse(error: Exception, name: str, delay: float) -> float:
    """Waits for a Slack that can't be reached; the delay for the next time. Raises StartError when it refuses setting `name`."""
    what = advice(error)
    if not what.passes:
        reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
        raise StartError(
            f"Slack refused {name} ({reason}). Copy the token again from the app's settings on api.slack.com."
        ) from error
    logger.warning("Slack cannot be reached yet", extra={"reason": what.reason})
    await asyncio.sleep(what.after or delay)
    return min(delay * 2, 60.0)


async def respond(
    session: aiohttp.ClientSession, telemetry: Telemetry, api_url: str, url: str, payload: dict[str, Any]
) -> None:
    """Answers at a `response_url`. One that has expired or is used up is left alone: nobody waits there any more. So is one
    that is not Slack's or leads elsewhere: an answer may hold what was pasted."""
    if not is_slack(url, api_url):
        logger.warning("a response_url is not Slack's: nothing was sent there")
        return
    webhook = AsyncWebhookClient(url, session=Staying(session), retry_handlers=[])  # type: ignore[arg-type]  # all that it asks for
    if _is_local(url):
        webhook.proxy = None
    with telemetry.slack_call("response_url") as came_to:
        answer = await webhook.send_dict(payload)
        if payload.get("blocks") and any(name in answer.body[:_REASON] for name in BLOCKS_REFUSED):
            logger.warning("Slack refused the blocks of an answer at a response_url")
            answer = await webhook.send_dict({**payload, "blocks": []})
        if answer.status_code == 429 or answer.status_code >= 500:
            raise SlackApiError("the response_url failed", answer)  # type: ignore[no-untyped-call]  # the library does not type it
        if answer.status_code != 200:
            came_to("refused")
            logger.warning("a response_url was refused", extra={"status": answer.status_code})
