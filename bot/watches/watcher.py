"""Looks at what is watched when it is due. What a look changes is recorded together with what is to be said of it.

A job looks after one target and is a mere call to look: when it is due, and what is still to be said, stands in the
tables. So a job too many does nothing, a lost one is made up for by the sweep, and after any time without a process a
target is looked at once.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job

from bot.database.notices import Content, Notice, Notices, ended
from bot.database.watches import Due, Held, Subscription, WatchStore
from bot.jobs import Pace, ThreadLocks
from diagnostics.checks import CheckReport
from diagnostics.watching import Change, judge, next_look, snapshot
from handlers.ports.checks import Asker, CheckRefusedError, Checks

logger = logging.getLogger(__name__)

_ASKER: Final = "watch"  # who asks for these checks, in limits and on record
_SPREAD: Final = 0.05  # of the interval, so that what began together does not stay together
_MOST_SPREAD: Final = timedelta(minutes=5)
_BUSY: Final = timedelta(seconds=30)


def somewhat(time: timedelta) -> timedelta:
    """A random time up to `time`."""
    return random.random() * time  # noqa: S311 - it keeps looks apart, and no secret


class Watcher:
    """`clock` gives the time, aware; `deliver` gets a notice out, and records what came of it."""

    def __init__(
        self,
        store: WatchStore,
        notices: Notices,
        checks: Checks,
        *,
        deliver: Callable[[Notice], Awaitable[None]],
        clock: Callable[[], datetime],
        locks: ThreadLocks,
        pace: Pace,
        spread: Callable[[timedelta], timedelta] = somewhat,
    ) -> None:
        self._store = store
        self._notices = notices
        self._checks = checks
        self._deliver = deliver
        self._clock = clock
        self._locks = locks
        self._pace = pace
        self._spread = spread
        self._busy: dict[UUID, bool] = {}

    async def job(self, job: Job) -> None:
        assert job.payload is not None
        watched = UUID(bytes=job.payload)
        if watched in self._busy:  # whoever works on it looks once more before leaving it
            self._busy[watched] = True
            return
        self._busy[watched] = True
        try:
            while self._busy[watched]:
                self._busy[watched] = False
                await self._work_off(watched)
        except RetryRequested:
            raise
        except Exception as error:
            logger.warning("a watch's job failed and is tried again", exc_info=True)
            raise RetryRequested(timedelta(seconds=self._pace.backoff), type(error).__name__) from None
        finally:
            del self._busy[watched]

    async def _work_off(self, watched: UUID) -> None:
        async with self._locks.held(f"watch {watched}") as mine:
            if not mine:
                raise RetryRequested(timedelta(seconds=self._pace.busy), "another process has this watch")
            if due := await self._store.due(watched, self._clock()):
                await self._look(watched, due)
            while notice := await self._notices.next(watched):
                if notice.wait > 0:
                    raise RetryRequested(timedelta(seconds=notice.wait), "not due yet")
                await self._deliver(notice)

    async def _look(self, watched: UUID, due: Due) -> None:
        """One look. The checks' own limits hold: what they refuse now is looked at a little later."""
        try:
            result = await self._checks.run(due.target, Asker(due.team, _ASKER, due.channel), lambda _attempt: None)
        except CheckRefusedError:
            await self._store.later(watched, self._clock() + _BUSY + self._spread(_BUSY))
            return
        refused = result.report.verdict == "refused"
        async with self._store.held(watched) as held:
            subscriptions = await held.subscriptions() if held else []
            if held and subscriptions and not refused:
                await self._record(held, subscriptions, result.report)
        for each in subscriptions if refused else ():  # a watch that can't look must not seem to
            await self._notices.pause(each.id, result.report.summary)

    async def _record(self, held: Held, subscriptions: Sequence[Subscription], report: CheckReport) -> None:
        now = self._clock()
        found = judge(held.memory, snapshot(report), now)
        every = min(each.every for each in subscriptions)
        following = next_look(found.memory, now, every, again=found.again)
        spread = self._spread(min(_SPREAD * every, _MOST_SPREAD))
        await held.save(report, found.memory, now, following + spread)
        for each in subscriptions:
            if each.introduced:
                await _tell(held, each, report, found.changes, now)
            else:
                await held.introduce(each, Content(report=report), found.memory.open())
        logger.info("watched", extra={"verdict": report.verdict, "changes": len(found.changes)})

    async def rescue(self) -> None:
        await self._store.rescue(self._clock())

    async def close(self) -> None:
        await self._locks.close()


async def _tell(held: Held, to: Subscription, report: CheckReport, changes: Sequence[Change], now: datetime) -> None:
    """Plans what one channel is told: what ends, where it was told that it began, and what begins."""
    over = {change.key: change for change in changes if change.kind == "over"}
    messages = await ended(held.connection, to.id, list(over), now)
    newest = {key: message for message, keys in messages.items() for key in keys}
    for message in messages:
        await held.plan(to, "edit", Content(), about=message)
        if lines := tuple(over[key] for key, place in newest.items() if place == message):
            await held.plan(to, "line", Content(changes=lines), about=message)
    news = tuple(change for change in changes if change.key not in newest)
    if news:
        begun = [change.key for change in news if change.kind in ("fault", "expiring")]
        await held.plan(to, "news", Content(changes=news, report=report), keys=begun)
