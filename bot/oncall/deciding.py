"""What an event comes to: the machine's next state, recorded together with everything that follows from it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.database.held import Held
from bot.database.pages import Draft
from bot.logs import about
from bot.oncall import drafts
from bot.oncall.chronicle import entries
from bot.oncall.events import Arm, Disarm, Drop, Effect, Event, Judged
from bot.oncall.machine import advance
from bot.oncall.policy import Policy

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

_UNSEEN: Final = (Arm, Disarm, Drop)


class Decider:
    """`clock` gives the time, aware."""

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self.policy = policy
        self.clock = clock

    def pages(self, team: str) -> bool:
        """Whether anybody can be paged for a case of this workspace: the people of the on-call file are those of one."""
        return bool(self.policy.levels) and self.policy.team in (None, team)

    async def apply(self, held: Held, event: Event, now: datetime) -> tuple[Effect, ...]:
        """The next state, and everything that follows from it, within the transaction of `held`."""
        before = held.state
        state, effects = advance(self.policy, before, event, now)
        if state != before:
            await held.save(state)
            with about(escalation=str(held.id)):
                logger.info("an escalation moved", extra={"phase": state.phase, "by": type(event).__name__})
        effects = tuple(effects)
        await held.note(entries(before, event, state, effects), now)
        for effect in effects:
            if isinstance(effect, Arm):
                await held.arm(effect, now)
                await held.wake(effect.due - now)
            elif isinstance(effect, Disarm):
                await held.disarm(effect.timer)
            elif isinstance(effect, Drop):
                await held.drop()
        planned = await drafts.of_effects(held, effects, self.policy)
        if planned:
            await held.plan(planned)
            await held.wake()
        if state != before or says_something(effects):
            await held.plan_card()
        return effects

    async def weigh(self, held: Held, judged: Judged, now: datetime, event: Event | None = None) -> None:
        """Applies what the rules say of a case (or the `event` by which they strike).

        Where people are paged for the same failure already, this thread is told, and nobody is paged for it.
        """
        other = None
        if judged.after is not None and held.state.phase in ("idle", "watching"):
            signature = await held.alike.signature()
            other = await held.alike.worked_on(signature) if signature else None
        if other is None:
            await self.apply(held, event or judged, now)
            return
        await self.apply(held, Judged(cause=judged.cause), now)
        await held.plan([Draft(f"joined {other.ts}", "thread", content=drafts.joined(other))])
        await held.wake()


def says_something(effects: tuple[Effect, ...]) -> bool:
    return any(not isinstance(effect, _UNSEEN) for effect in effects)
