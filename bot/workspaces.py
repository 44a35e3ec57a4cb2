"""The workspaces that the bot is in: the one that a token in the settings is for, or all that installed the app."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.database.installations import Installations
from bot.settings import Settings
from bot.slack import wait_or_refuse
from handlers.failures import advice
from handlers.ports.slack import Identity, NotInstalledError

logger = logging.getLogger(__name__)

_MARGIN: Final = 120  # minutes before its end from which on a token is renewed: there is time to wait out an outage
_PAUSE: Final = 60.0  # seconds until a renewal that failed is tried again, while the token is still good
_PASSING: Final = (aiohttp.ClientError, TimeoutError, OSError)


Speaking = Callable[[str | None], AsyncWebClient]
"""Makes a client that speaks with a token, or with none."""


def workspaces_of(settings: Settings, installations: Installations, speaking: Speaking) -> Workspaces:
    """The workspaces that the settings speak of."""
    if settings.client_id and settings.client_secret:
        rotator = AsyncTokenRotator(
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            client=speaking(None),
        )
        return EveryWorkspace(installations, speaking, rotator)
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    return OneWorkspace(speaking(token), installations)


class Workspaces(Protocol):
    async def start(self) -> None:
        """Finds out what has to be known before the bot is ready. Raises StartError."""

    async def slack(self, team: str) -> AsyncWebClient:
        """handlers.ports.slack.Slack."""

    async def identity(self, team: str) -> Identity:
        """Who the bot is in a team's workspace. Raises NotInstalledError."""

    async def removed(self, team: str, at: datetime) -> bool:
        """Erases what is held of a workspace that the app was removed from; False when it is back since `at`."""


class NotReadyError(Exception):
    """Something was asked of the bot before it knew who it is."""


class OneWorkspace:
    """The workspace of SLACK_BOT_TOKEN, once Slack has said which that is. Every other one is refused."""

    def __init__(self, slack: AsyncWebClient, installations: Installations) -> None:
        self._slack = slack
        self._installations = installations
        self._identity: Identity | None = None
        self._since = datetime.now(UTC)

    async def start(self) -> None:
        """Asks Slack who we are, for as long as Slack cannot be reached. Raises StartError when it refuses the token."""
        delay = 1.0
        while self._identity is None:
            try:
                us = await self._slack.auth_test()
                self._identity = Identity(str(us["team_id"]), str(us["user_id"]), str(us.get("bot_id") or ""))
            except (SlackApiError, aiohttp.ClientError, OSError) as error:
                delay = await wait_or_refuse(error, "SLACK_BOT_TOKEN", delay)
        self._since = datetime.now(UTC)
        await self._installations.returned(self._identity.team)

    async def slack(self, team: str) -> AsyncWebClient:
        """Also raises NotReadyError before `start`."""
        await self.identity(team)
        return self._slack

    async def identity(self, team: str) -> Identity:
        """Also raises NotReadyError before `start`."""
        if self._identity is None:
            raise NotReadyError
        if team != self._identity.team:
            raise NotInstalledError
        return self._identity

    async def removed(self, team: str, at: datetime) -> bool:
        if at < self._since.replace(microsecond=0):  # Slack took our token later than that
            return False
        return await self._installations.removed(team, at)


class EveryWorkspace:
    """Those that installed the app by OAuth. Tokens are read from the database each time: another process may have renewed
    them. A token that nears its end is renewed by whoever needs it, one at a time."""

    def __init__(self, installations: Installations, speaking: Speaking, rotator: AsyncTokenRotator) -> None:
        self.installations = installations
        self._speaking = speaking
        self._rotator = rotator
        self._renewing: dict[str, asyncio.Task[Bot]] = {}
        self._again: dict[str, float] = {}
        self.identity = installations.identity
        self.removed = installations.removed

    async def start(self) -> None:
        pass

    async def slack(self, team: str) -> AsyncWebClient:
        """Also raises what Slack or the network raise when a token has run out and can't be renewed."""
        bot = await self.installations.find(team)
        if _left(bot) < _MARGIN * 60:
            bot = await self._renewed(team, bot)
        return self._speaking(bot.bot_token)

    async def _renewed(self, team: str, bot: Bot) -> Bot:
        """A bot with a token to work with. While the old one is good, only whoever comes first waits for the new one."""
        good = _left(bot) > 0
        task = self._renewing.get(team)
        if good and (task or time.monotonic() < self._again.get(team, 0.0)):
            return bot
        if task is None:
            task = self._renewing[team] = asyncio.create_task(self._renew(team))
            task.add_done_callback(lambda task: self._done(team, task))
        try:
            return await asyncio.shield(task)  # whoever gives up waiting takes no new token with them
        except (SlackApiError, *_PASSING):
            if good:
                return bot
            raise

    async def _renew(self, team: str) -> Bot:
        """A crash between Slack's answer and the commit leaves the old refresh token on record; Slack takes it once more."""
        async with self.installations.held(team) as held:
            try:
                new = await self._rotator.perform_bot_token_rotation(bot=held.bot, minutes_before_expiration=_MARGIN)
            except SlackTokenRotationError as error:
                raise error.api_error from None
            if new is not None:
                await held.renew(new)
            return new or held.bot

    def _done(self, team: str, task: asyncio.Task[Bot]) -> None:
        del self._renewing[team]
        self._again.pop(team, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._again[team] = time.monotonic() + _PAUSE
            logger.error(
                "a workspace's token could not be renewed", extra={"team": team, "reason": advice(error).reason}
            )


def _left(bot: Bot) -> float:
    """Seconds until the bot's token runs out."""
    return bot.bot_token_expires_at - time.time() if bot.bot_token_expires_at else math.inf
