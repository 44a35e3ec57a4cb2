"""A target → the people and systems behind it at a moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.database.pages import Outlet
from bot.oncall import slack_user_group
from bot.oncall.failures import AdapterError
from bot.oncall.pagerduty import PagerDuty
from bot.oncall.policy import Policy, Target
from bot.oncall.webhook import Webhook
from handlers.ports.slack import Slack

Recipient = tuple[Outlet, str]
_Found = tuple[list[str], datetime | None]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who is to be paged, by outlet and address, and when that changes. `problem` is a source that didn't answer."""

    recipients: tuple[Recipient, ...]
    until: datetime | None = None
    problem: AdapterError | None = None


class Sources:
    def __init__(self, policy: Policy, slack: Slack, pagerduty: PagerDuty, webhooks: Mapping[str, Webhook]) -> None:
        self._policy = policy
        self._slack = slack
        self._pagerduty = pagerduty
        self._webhooks = webhooks

    async def resolve(self, team: str, name: str, at: datetime) -> Resolution:
        """All that a target names in a team's workspace; one source that fails doesn't keep the others from being paged."""
        target = self._policy.targets.get(name)
        if target is None:
            return Resolution((), problem=AdapterError("the on-call file no longer has this target", passes=False))
        people = [self._policy.people[person].slack for person in target.people]
        ends: list[datetime] = []
        problem: AdapterError | None = None
        for ask in self._asked(team, target):
            try:
                found, until = await ask(at)
            except AdapterError as error:
                problem = error
                continue
            people += found
            ends += [until] if until else []
        systems: list[Recipient] = [("pagerduty", "service")] if target.pagerduty else []
        systems += [("webhook", target.webhook)] if target.webhook else []
        recipients = [*dict.fromkeys(("direct", person) for person in people), *systems]
        return Resolution(tuple(recipients), min(ends, default=None), problem)

    def _asked(self, team: str, target: Target) -> list[Callable[[datetime], Awaitable[_Found]]]:
        asked: list[Callable[[datetime], Awaitable[_Found]]] = []
        if rota := target.rota:
            asked.append(lambda at: self._rota(rota, at))
        if group := target.slack_user_group:
            asked.append(lambda _at: self._group(team, group))
        if schedule := target.pagerduty_schedule:
            asked.append(lambda at: self._schedule(schedule, at))
        if webhook := target.webhook_people:
            asked.append(lambda at: self._webhook(webhook, at))
        return asked

    async def _rota(self, name: str, at: datetime) -> _Found:
        rota = self._policy.compiled_rotas[name]
        person = rota.who(at)
        return ([self._policy.people[person].slack] if person else []), rota.next_change(at)

    async def _group(self, team: str, group: str) -> _Found:
        return list(await slack_user_group.members(await self._slack(team), group)), None

    async def _schedule(self, schedule: str, at: datetime) -> _Found:
        """Who PagerDuty names and the on-call file doesn't know can't be paged in Slack."""
        duty = await self._pagerduty.on_call(schedule, at)
        known = {person.pagerduty: person.slack for person in self._policy.people.values() if person.pagerduty}
        if duty.users and not any(user in known for user in duty.users):
            raise AdapterError("who PagerDuty has on call isn't among the people of the on-call file", passes=False)
        return [known[user] for user in duty.users if user in known], duty.until

    async def _webhook(self, name: str, at: datetime) -> _Found:
        people, until = await self._webhooks[name].on_call(at)
        return list(people), until
