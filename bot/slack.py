"""The bot's side of Slack: its client, Bolt, who it is there, and the socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.database import StartError
from bot.settings import Mode, Settings
from bot.watch import Watch
from handlers.failures import advice, slack_error
from handlers.ports import Identity

logger = logging.getLogger(__name__)

CALL_SECONDS = 10.0  # for one call of Slack's Web API


class NotReadyError(Exception):
    """Something was asked of the bot before it knew who it is."""


class Me:
    """Who the bot is, once Slack has said so."""

    identity: Identity | None = None

    def __call__(self) -> Identity:
        """Raises NotReadyError before `identify`."""
        if self.identity is None:
            raise NotReadyError
        return self.identity


class WatchedClient(AsyncWebClient):
    """Tells `watch` of every call: its method and what came of it."""

    def __init__(self, watch: Watch, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._watch = watch

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        with self._watch.slack_call(api_method):
            return await super().api_call(api_method, **arguments)


class Reach:
    """Whether Slack reaches the bot; `socket` is set once it is open. Called, it says "" or what is in the way."""

    def __init__(self, me: Me, mode: Mode, *, started: Callable[[], bool]) -> None:
        self.socket: SocketModeClient | None = None
        self.started = started
        self._me = me
        self._mode = mode

    async def __call__(self) -> str:
        if self._me.identity is None:
            return "has not said yet who the bot is"
        if self._mode == "socket" and not (self.socket and await self.socket.is_connected()):
            return "the socket is closed"
        return "" if self.started() else "the bot is starting or stopping"


def client(settings: Settings, session: aiohttp.ClientSession, token: str | None, watch: Watch) -> AsyncWebClient:
    """No retries of its own: they would send a message twice when only the answer was lost. Jobs know better."""
    slack = WatchedClient(
        watch,
        token=token,
        base_url=settings.slack_api_url,
        session=session,
        timeout=int(CALL_SECONDS),
        retry_handlers=[],
    )
    if _is_local(settings.slack_api_url):
        slack.proxy = None  # a proxy from the environment leads away from this machine
    return slack


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def bolt(settings: Settings, session: aiohttp.ClientSession, me: Me, token: str, watch: Watch) -> AsyncApp:
    """Bolt with our own authorisation: its own one calls Slack on the first delivery, and acknowledges that
    delivery unseen when the call fails."""

    async def authorize() -> AuthorizeResult:
        us = me()
        return AuthorizeResult(enterprise_id=None, team_id=us.team, bot_token=token, bot_user_id=us.user, bot_id=us.bot)

    secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
    return AsyncApp(
        name="mailflow",
        signing_secret=secret,
        client=client(settings, session, None, watch),
        authorize=authorize,
        request_verification_enabled=settings.mode == "http",
    )


async def identify(slack: AsyncWebClient, me: Me) -> None:
    """Asks Slack who we are, for as long as Slack cannot be reached. Raises StartError when it refuses the token."""
    delay = 1.0
    while me.identity is None:
        try:
            us = await slack.auth_test()
            me.identity = Identity(team=str(us["team_id"]), user=str(us["user_id"]), bot=str(us.get("bot_id") or ""))
        except (SlackApiError, aiohttp.ClientError, OSError) as error:
            delay = await _wait_or_refuse(error, "SLACK_BOT_TOKEN", delay)


async def connect(app: AsyncApp, slack: AsyncWebClient, token: SecretStr | None) -> AsyncSocketModeHandler:
    """Opens the socket. The token is tried first, since the library would try a refused one for ever."""
    assert token is not None
    delay = 1.0
    while True:
        try:
            await slack.apps_connections_open(app_token=token.get_secret_value())
            break
        except (SlackApiError, aiohttp.ClientError, OSError) as error:
            delay = await _wait_or_refuse(error, "SLACK_APP_TOKEN", delay)
    handler = AsyncSocketModeHandler(app, token.get_secret_value())
    handler.client.proxy = slack.proxy
    await handler.connect_async()  # type: ignore[no-untyped-call]  # the library does not type it
    return handler


async def _wait_or_refuse(error: Exception, name: str, delay: float) -> float:
    what = advice(error)
    if not what.passes:
        reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
        raise StartError(
            f"Slack refused {name} ({reason}). Copy the token again from the app's settings on api.slack.com."
        ) from error
    logger.warning("Slack cannot be reached yet", extra={"reason": what.reason})
    await asyncio.sleep(what.after or delay)
    return min(delay * 2, 60.0)


async def respond(session: aiohttp.ClientSession, watch: Watch, url: str, payload: dict[str, Any]) -> None:
    """Answers at a `response_url`. One that has expired or is used up is left alone: nobody waits there any more."""
    webhook = AsyncWebhookClient(url, session=session, retry_handlers=[])
    if _is_local(url):
        webhook.proxy = None
    with watch.slack_call("response_url") as came_to:
        answer = await webhook.send_dict(payload)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise SlackApiError("the response_url failed", answer)  # type: ignore[no-untyped-call]  # the library does not type it
        if answer.status_code != 200:
            came_to("refused")
            logger.warning("a response_url was refused", extra={"status": answer.status_code})
