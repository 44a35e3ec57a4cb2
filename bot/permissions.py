"""Who may have hosts checked, page people, begin watches, or act from another organisation: people and user groups of the
settings, as Slack lists them now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.oncall import slack_user_group
from bot.oncall.failures import AdapterError
from handlers.blocks.words import listed
from handlers.names import Names
from handlers.ports.permissions import May
from handlers.ports.slack import Slack

_FRESH: Final = 60.0  # seconds that a group's members are believed
_UNREACHABLE: Final = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
_DOING: Final[Mapping[May, str]] = {
    "check": "have hosts checked",
    "escalate": "page whoever is on call",
    "watch": "begin or end watches",
    "partner": "ask that of me",
}
_PARTNER: Final = (
    "That is for people of the organisation that runs me. Paste an error here, and I answer you as everybody. "
    "Its operator can let you do more: MAILFLOW_PARTNERS."
)


class Permissions:
    """handlers.ports.permissions.Permissions. `may` names people (`U…`) and user groups (`S…`); whoever isn't limited by it may,
    but of other organisations only who is named.
    `refused` hears of everybody who may not.

    Where Slack can't be asked, nobody gets in by a group: what is refused in error is asked again, what is done is done.
    """

    def __init__(
        self,
        slack: Slack,
        may: Mapping[May, frozenset[str]],
        names: Names,
        *,
        refused: Callable[[May, str, str], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slack = slack
        self._may = may
        self._called = names.of
        self._refused = refused
        self._clock = clock
        self._members: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}

    async def refusal(self, what: May, team: str, user: str) -> str:
        named = self._may[what]
        if user in named or (not named and what != "partner"):
            return ""
        problem = ""
        for group in sorted(each for each in named if each.startswith("S")):
            try:
                if user in await self._of(team, group):
                    return ""
            except AdapterError as error:
                problem = str(error)
            except _UNREACHABLE:
                problem = "Slack cannot be reached"
        if problem:
            return f"I cannot tell whether you may {_DOING[what]}: {problem}. Try again in a minute."
        if self._refused:
            await self._refused(what, team, user)
        if what == "partner":
            return _PARTNER
        return f"Only {await self._names(team, named)} may {_DOING[what]} here. Ask one of them."

    async def _of(self, team: str, group: str) -> frozenset[str]:
        asked, members = self._members.get((team, group), (0.0, frozenset()))
        if (team, group) not in self._members or self._clock() - asked > _FRESH:
            asked, members = self._clock(), frozenset(await slack_user_group.members(await self._slack(team), group))
            self._members[team, group] = asked, members
        return members

    async def _names(self, team: str, named: frozenset[str]) -> str:
        """Those who may, by names that ping nobody."""
        groups = await self._groups(team) if any(each.startswith("S") for each in named) else {}
        names = [
            groups.get(each, f"the user group {each}") if each.startswith("S") else await self._called(team, f"@{each}")
            for each in sorted(named)
        ]
        return listed(names)

    async def _groups(self, team: str) -> dict[str, str]:
        """What the workspace calls its user groups; nothing where Slack doesn't say."""
        try:
            slack = await self._slack(team)
            answer = await slack.usergroups_list()
        except (SlackApiError, *_UNREACHABLE):
            return {}
        return {str(each["id"]): str(each.get("name") or each.get("handle")) for each in answer.get("usergroups") or ()}
