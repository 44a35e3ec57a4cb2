"""Escalations on PostgreSQL: `machine` decides, and what it decides is recorded in the transaction that read the state.

A job looks after one escalation: it lets its timers fire and gets its pages out. It is a mere call to look: what is to
be done stands in the tables, so that a job too many does nothing and a lost one is made up for.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job

from bot.database.escalations import EscalationStore
from bot.database.held import Held, delivery_of
from bot.database.pages import Draft, StoredPage
from bot.jobs import Pace, ThreadLocks
from bot.logs import about
from bot.oncall import drafts
from bot.oncall.events import (
    Acknowledged,
    Arm,
    Disarm,
    Drop,
    Effect,
    Escalate,
    Event,
    Fired,
    Judged,
    Moved,
    Reached,
    Resolved,
    Timer,
)
from bot.oncall.machine import advance
from bot.oncall.policy import Policy
from bot.oncall.severity import assess
from bot.telemetry import Telemetry
from diagnostics import Report
from handlers.ports import Answered, Standing, Thread, Wish

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Deliver = Callable[["Escalations", StoredPage], Awaitable[None]]
Name = Callable[[str, str], Awaitable[str]]

_SURE: Final = ("confirmed", "likely")
_ALIKE: Final = 5  # suspects that make up a symptom
_SOON: Final = timedelta(seconds=60)  # what is due later is looked after by its own job


class Escalations:
    """handlers.ports.OnCall. `clock` gives the time, aware; `deliver` gets a page out and reports by `settle`; `name` says what
    a person of a State is called in a team."""

    def __init__(
        self,
        store: EscalationStore,
        policy: Policy,
        *,
        clock: Clock,
        deliver: Deliver,
        name: Name,
        locks: ThreadLocks,
        pace: Pace,
        telemetry: Telemetry,
    ) -> None:
        self.store = store
        self._telemetry = telemetry
        self._policy = policy
        self._clock = clock
        self._deliver = deliver
        self._name = name
        self._locks = locks
        self._pace = pace
        self._busy: dict[UUID, bool] = {}

    # -- what people do -------------------------------------------------------------------------------

    @property
    def team(self) -> str:
        """The workspace whose people the on-call file names; "" where the bot is in one only."""
        return self._policy.team or ""

    async def saw(self, thread: Thread, user: str, report: Report) -> None:
        if not self._serves(thread.team):
            return
        top = report.findings[0] if report.findings else None
        cause = top.cause if top and top.belief in _SURE else ""
        symptom = " ".join(finding.cause for finding in report.findings[:_ALIKE])
        async with self.store.opened(thread) as held:
            now = self._clock()
            if user and symptom:
                await held.reported(f"@{user}", now)
            await held.save(held.state, symptom)
            counted = {rule.within: 0 for rule in self._policy.rules if rule.when == "many-reporters" and symptom}
            for within in counted:
                counted[within] = await held.reporters(symptom, now - within)
            found = assess(self._policy.rules, report, lambda within: counted.get(within, 0))
            judged = Judged(found.severity, found.after, found.reason, cause) if found else Judged(cause=cause)
            if not await self._joined(held, judged, cause):
                await self._apply(held, judged, now)

    async def moved(self, thread: Thread) -> None:
        if escalation := await self.store.find(thread):
            async with self.store.held(escalation) as held:
                if held:
                    await self._apply(held, Moved(), self._clock())

    async def changed(self, thread: Thread) -> None:
        if escalation := await self.store.find(thread):
            async with self.store.held(escalation) as held:
                if held and (planned := drafts.edits(await held.out())):
                    await held.plan(planned)
                    await held.wake()

    async def standing(self, thread: Thread) -> Standing:
        escalation = await self.store.find(thread)
        state = await self.store.state(escalation) if escalation else None
        if state is None or state.phase == "idle" or state.phase == "watching":
            return Standing("open")
        return Standing(state.phase, await self._name(thread.team, state.holder) if state.holder else "")

    async def escalate(self, wish: Wish) -> Answered:
        if not self._serves(wish.thread.team):
            return "nobody"
        found = await self._meant(wish)
        if found is None and not wish.escalation:
            async with self.store.opened(wish.thread) as held:
                return await self._once(held, wish.event, Escalate(_who(wish)))
        return await self._wished(found, wish.event, Escalate(_who(wish)))

    async def acknowledge(self, wish: Wish) -> Answered:
        return await self._wished(await self._meant(wish), wish.event, Acknowledged(_who(wish)))

    async def resolve(self, wish: Wish) -> Answered:
        return await self._wished(await self._meant(wish), wish.event, Resolved(_who(wish)))

    async def reported(self, source: str, event_id: str, escalation: UUID, event: Event) -> Answered:
        """Another system, which told us of `event_id` perhaps before, says that somebody did something."""
        return await self._wished(escalation, event_id, event, source)

    def _serves(self, team: str) -> bool:
        return self.team in ("", team)

    async def _meant(self, wish: Wish) -> UUID | None:
        if wish.escalation:
            try:
                return await self.store.known(UUID(wish.escalation), wish.thread.team)
            except ValueError:
                return None
        return await self.store.find(wish.thread)

    async def _wished(self, escalation: UUID | None, event_id: str, event: Event, source: str = "slack") -> Answered:
        if escalation is None:
            return "nothing"
        async with self.store.held(escalation) as held:
            return await self._once(held, event_id, event, source) if held else "nothing"

    async def _once(self, held: Held, event_id: str, event: Event, source: str = "slack") -> Answered:
        if not await held.first_time(source, event_id):
            return "done"
        if not isinstance(event, Escalate) and not held.state.open:
            return "nothing"
        before = held.state
        effects = await self._apply(held, event, self._clock())
        return "already" if held.state.phase == before.phase and not _says_something(effects) else "done"

    # -- what follows ---------------------------------------------------------------------------------

    async def _apply(self, held: Held, event: Event, now: datetime) -> tuple[Effect, ...]:
        """The next state, and everything that follows from it, within the transaction of `held`."""
        before = held.state
        state, effects = advance(self._policy, before, event, now)
        if state != before:
            await held.save(state)
            with about(escalation=str(held.id)):
                logger.info("an escalation moved", extra={"phase": state.phase, "by": type(event).__name__})
        for effect in effects:
            if isinstance(effect, Arm):
                await held.arm(effect, now)
                await held.wake(effect.due - now)
            elif isinstance(effect, Disarm):
                await held.disarm(effect.timer)
            elif isinstance(effect, Drop):
                await held.drop()
        planned = await drafts.of_effects(held, effects, self._policy)
        if planned:
            await held.plan(planned)
            await held.wake()
        return effects

    async def _joined(self, held: Held, judged: Judged, cause: str) -> bool:
        """Where people are paged for the same cause already, this thread is told, and nobody is paged for it."""
        if judged.after is None or not cause or held.state.phase not in ("idle", "watching"):
            return False
        other = await held.alike(cause)
        if other is None:
            return False
        await self._apply(held, Judged(cause=cause), self._clock())
        await held.plan([Draft(f"joined {other.ts}", "thread", content=drafts.joined(other))])
        await held.wake()
        return True

    async def settle(
        self,
        page: StoredPage,
        state: drafts.Settled,
        *,
        place: str = "",
        ref: str = "",
        more: tuple[Draft, ...] = (),
    ) -> None:
        """Records what came of a page, what is to go out next, and what that means for the escalation. Once."""
        async with self.store.held(page.escalation) as held:
            if held is None or not await held.settle(page, state, place=place, ref=ref):
                return
            self._telemetry.metrics.paged(page.outlet, state)
            await held.plan(more)
            if page.step and not more:
                await self._came_of(held, page.step)
            if state == "sent":
                await held.plan(drafts.late(held.state, page))
            await held.wake()

    async def _came_of(self, held: Held, step: int) -> None:
        pages = await held.of_step(step)
        event = drafts.came_of(pages)
        if event:
            await self._apply(held, event, self._clock())
        if isinstance(event, Reached):
            await held.plan(drafts.missed(pages))

    # -- the job --------------------------------------------------------------------------------------

    async def job(self, job: Job) -> None:
        assert job.payload is not None
        escalation = UUID(bytes=job.payload)
        if escalation in self._busy:  # whoever works on it looks once more before leaving it
            self._busy[escalation] = True
            return
        self._busy[escalation] = True
        try:
            with self._telemetry.escalation(escalation, delivery_of(job)):
                while self._busy[escalation]:
                    self._busy[escalation] = False
                    await self._work_off(escalation)
        except RetryRequested:
            raise
        except Exception as error:
            logger.warning("an escalation's job failed and is tried again", exc_info=True)
            raise RetryRequested(timedelta(seconds=self._pace.backoff), type(error).__name__) from None
        finally:
            del self._busy[escalation]

    async def _work_off(self, escalation: UUID) -> None:
        async with self._locks.held(f"escalation {escalation}") as mine:
            if not mine:
                raise RetryRequested(timedelta(seconds=self._pace.busy), "another process has this escalation")
            while True:
                if await self._fire(escalation):
                    continue
                page = await self.store.next_page(escalation)
                if page is None or page.wait > 0:
                    break
                await self._deliver(self, page)
        await self._come_back(escalation, page)

    async def _fire(self, escalation: UUID) -> bool:
        """Lets one timer that is due fire. However late, it fires once."""
        async with self.store.held(escalation) as held:
            now = self._clock()
            timer: Timer | None = await held.take_due(now) if held else None
            if held is None or timer is None:
                return False
            state = held.state
            watched = Judged(state.severity, timedelta(0), state.reason, state.cause)
            if timer != "watch" or not await self._joined(held, watched, state.cause):
                await self._apply(held, Fired(timer), now)
            logger.info("a timer fired", extra={"timer": timer, "phase": held.state.phase})
            return True

    async def _come_back(self, escalation: UUID, page: StoredPage | None) -> None:
        """Jobs wait by the database's clock and timers by ours: what is due soon is not left to the next sweep."""
        waits = [timedelta(seconds=page.wait)] if page else []
        if due := await self.store.next_timer(escalation):
            waits.append(max(due - self._clock(), timedelta(seconds=0.05)))
        if waits and min(waits) < _SOON:
            raise RetryRequested(min(waits), "not due yet")

    async def sweep(self, retention_days: int) -> None:
        await self.rescue()
        await self.store.forget(retention_days)

    async def rescue(self) -> None:
        await self.store.rescue(self._clock())

    async def close(self) -> None:
        await self._locks.close()


def _who(wish: Wish) -> str:
    """Alert bots have no user."""
    return f"@{wish.user}" if wish.user else "an alert"


def _says_something(effects: tuple[Effect, ...]) -> bool:
    return any(not isinstance(effect, (Arm, Disarm, Drop)) for effect in effects)
