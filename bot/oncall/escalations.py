"""Escalations on PostgreSQL: `machine` decides, and what it decides is recorded in the transaction that read the state.

A job looks after one escalation: it lets its timers fire and gets its pages out. It is a mere call to look: what is to
be done stands in the tables, so that a job too many does nothing and a lost one is made up for.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job

from bot.database.audit import Kind
from bot.database.escalations import EscalationStore
from bot.database.held import Held
from bot.database.pages import Draft, StoredPage
from bot.jobs import Pace, ThreadLocks
from bot.logs import about
from bot.oncall import drafts
from bot.oncall.deciding import Decider, says_something
from bot.oncall.events import Acknowledged, Escalate, Event, Fired, Judged, Moved, Reached, Resolved, Timer
from bot.telemetry import Telemetry
from handlers.ports.oncall import Answered, Wish
from handlers.ports.thread import Thread

logger = logging.getLogger(__name__)

Deliver = Callable[["Escalations", StoredPage], Awaitable[None]]

_RECORDED: Final[dict[type, Kind]] = {Escalate: "escalated", Acknowledged: "acknowledged", Resolved: "resolved"}
_SOON: Final = timedelta(seconds=60)  # what is due later is looked after by its own job


class Escalations:
    """handlers.ports.oncall.OnCall. `deliver` gets a page out and reports by `settle`."""

    def __init__(
        self,
        store: EscalationStore,
        decider: Decider,
        *,
        deliver: Deliver,
        locks: ThreadLocks,
        pace: Pace,
        telemetry: Telemetry,
    ) -> None:
        self.store = store
        self.time_zone = decider.policy.time_zone
        self._telemetry = telemetry
        self._decider = decider
        self._clock = decider.clock
        self._apply = decider.apply
        self._deliver = deliver
        self._locks = locks
        self._pace = pace
        self._busy: dict[UUID, bool] = {}

    # -- what people do -------------------------------------------------------------------------------

    @property
    def team(self) -> str:
        """The workspace whose people the on-call file names; "" where the bot is in one only."""
        return self._decider.policy.team or ""

    async def moved(self, thread: Thread) -> None:
        if escalation := await self.store.find(thread):
            async with self.store.held(escalation) as held:
                if held:
                    await self._apply(held, Moved(), self._clock())

    async def knows(self, thread: Thread) -> bool:
        return await self.store.find(thread) is not None

    async def escalate(self, wish: Wish) -> Answered:
        if not self._decider.pages(wish.thread.team):
            return "nobody"
        found = await self._meant(wish)
        if found is None and not wish.escalation:
            async with self.store.opened(wish.thread) as held:
                return await self._once(held, wish.event, Escalate(_who(wish)))
        return await self._wished(found, wish.event, Escalate(_who(wish)))

    async def acknowledge(self, wish: Wish) -> Answered:
        return await self._wished(await self._meant(wish), wish.event, Acknowledged(_who(wish)))

    async def resolve(self, wish: Wish) -> Answered:
        return await self._wished(await self._meant(wish), wish.event, Resolved(_who(wish), cause=wish.cause))

    async def reported(self, source: str, event_id: str, escalation: UUID, event: Event) -> Answered:
        """Another system, which told us of `event_id` perhaps before, says that somebody did something."""
        return await self._wished(escalation, event_id, event, source)

    async def _meant(self, wish: Wish) -> UUID | None:
        if wish.escalation:
            try:
                return await self.store.known(UUID(wish.escalation), wish.thread.team)
            except ValueError:
                return None
        return await self.store.lead(wish.thread)

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
        if held.state.phase == before.phase and not says_something(effects):
            return "already"
        if isinstance(event, (Escalate, Acknowledged, Resolved)):
            await held.record(_RECORDED[type(event)], event.by, source)
        return "done"

    # -- what follows ---------------------------------------------------------------------------------

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
            with about(escalation=str(escalation)):
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
                with self._telemetry.page(page.outlet, page.escalation, page.delivery):
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
            if timer == "watch":
                await self._decider.weigh(held, watched, now, Fired(timer))
            else:
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

    async def rescue(self) -> None:
        await self.store.rescue(self._clock())

    async def close(self) -> None:
        await self._locks.close()


def _who(wish: Wish) -> str:
    """Alert bots have no user."""
    return f"@{wish.user}" if wish.user else "an alert"
