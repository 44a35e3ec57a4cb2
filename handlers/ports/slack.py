"""Slack, as the bot of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in a workspace."""

    team: str
    user: str
    bot: str


class NotInstalledError(Exception):
    """The bot is not, or no longer, in this workspace: nothing is done for it."""


class Slack(Protocol):
    async def __call__(self, team: str) -> AsyncWebClient:
        """The client that speaks for the bot in a team's workspace. Raises NotInstalledError."""
