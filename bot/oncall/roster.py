"""Who is on call at the moment, for people who ask. Nobody is paged by asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from bot.oncall.deciding import Clock
from bot.oncall.policy import Policy
from bot.oncall.sources import Sources
from handlers.ports.roster import Duty

Name = Callable[[str, str], Awaitable[str]]

_SYSTEMS: Final = {"pagerduty": "PagerDuty", "webhook": "webhook"}


class Roster:
    """handlers.ports.roster.Roster: whoever asks in another workspace than the file's hears nothing. `name` gives what a
    person (`@` and a Slack id) is called in a team.
    """

    def __init__(self, policy: Policy, sources: Sources, name: Name, *, clock: Clock) -> None:
        self._policy = policy
        self._sources = sources
        self._name = name
        self._clock = clock

    async def now(self, team: str) -> tuple[Duty, ...]:
        if self._policy.team not in (None, team):
            return ()
        return tuple(await asyncio.gather(*(self._duty(team, target) for target in self._policy.targets)))

    async def _duty(self, team: str, target: str) -> Duty:
        found = await self._sources.resolve(team, target, self._clock())
        people = [await self._name(team, f"@{address}") for outlet, address in found.recipients if outlet == "direct"]
        systems = [
            f"{_SYSTEMS[outlet]} {address}"
            for outlet, address in found.recipients
            if outlet in ("pagerduty", "webhook")
        ]
        until = found.until.astimezone(self._policy.time_zone) if found.until else None
        return Duty(target, tuple(people), tuple(systems), until, str(found.problem or ""))
