"""Durable jobs: every stored delivery is dealt with once, in the order of its thread, whatever dies in between.

A job names a delivery but works off its whole thread, oldest first, so that the order holds when one of them has
to wait. A thread is worked off by one process at a time; other threads go on meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it ships no type information
from pgqueuer import PgQueuer
from pgqueuer.errors import FailingListenerError, RetryRequested
from pgqueuer.models import Job, Schedule

from bot.database import NOTICED, Database, within
from bot.database.held import ENTRYPOINT as ESCALATION
from bot.database.inbox import ASKED, LANES, Inbox, Open
from bot.database.installations import Installations
from bot.database.keys import tidy
from bot.database.retention import Retention, expire
from bot.database.watches import ENTRYPOINT as WATCH
from bot.pacing import RATES, Rate
from bot.telemetry import Telemetry
from handlers.failures import advice
from handlers.ports.inbox import Delivery
from handlers.ports.slack import NotInstalledError

if TYPE_CHECKING:
    from bot.oncall.escalations import Escalations
    from bot.watches.watcher import Watcher

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Times in seconds, and the number of `tries`.

    `heartbeat` is how long the job of a dead process waits for another process, `straggler` how long a call whose
    answer was lost may still take effect. `logs` is the number of large logs that are read at the same time, and `watches`
    that of watched targets that are looked at, by all processes together. `trivial` is how long the database may take over
    a trivial question, such as who has a lock, before its silence means that it is gone. `slack` says how fast Slack's
    methods are called.
    """

    heartbeat: float = 10.0
    backoff: float = 1.0
    tries: int = 5
    busy: float = 0.25
    stop: float = 5.0
    rescue: float = 60.0
    straggler: float = 2.0
    logs: int = 2
    watches: int = 2
    trivial: float = 10.0
    slack: Mapping[str, Rate] = field(default_factory=lambda: RATES)


class Worker:
    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        *,
        handle: Callable[[Delivery], Awaitable[str]],
        apologise: Callable[[Delivery, Exception], Awaitable[None]],
        redraw: Callable[[], Awaitable[None]],
        retention: Retention,
        pace: Pace,
        telemetry: Telemetry,
        installations: Installations,
        watcher: Watcher,
        escalations: Escalations,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._handle = handle
        self._apologise = apologise
        self._redraw = redraw
        self._retention = retention
        self._pace = pace
        self._telemetry = telemetry
        self._installations = installations
        self._watcher = watcher
        self._escalations = escalations
        self._busy: dict[tuple[str, str], bool] = {}
        self._locks = ThreadLocks(database.url, patience=pace.trivial)
        self._queues: dict[str, PgQueuer] = {}
        self._stopping = False

    async def run(self) -> None:
        """Works until `stop`. A lost database connection is waited out.

        Each lane has a queue of its own: one that stops waits for what runs in it before it starts again, and a log takes long.
        """
        fresh = asyncio.create_task(self._learn_keys())
        try:
            async with asyncio.TaskGroup() as lanes:
                for lane in (*LANES, ASKED, WATCH):
                    lanes.create_task(self._work(lane))
        finally:
            fresh.cancel()
            await self._locks.close()
            await self._watcher.close()
            await self._escalations.close()

    async def _learn_keys(self) -> None:
        """What is written is sealed with the newest data key, soon after somebody made it."""
        while True:
            await asyncio.sleep(self._pace.rescue)
            try:
                await self._database.seal.refresh()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                logger.warning("the data keys could not be read again", exc_info=True)

    async def _work(self, lane: str) -> None:
        while not self._stopping:
            try:
                await self._consume(lane)
            except Exception:  # whatever it is, the worker must come back
                logger.warning("the queue stopped and starts again", exc_info=True, extra={"lane": lane})
                await asyncio.sleep(self._pace.backoff)

    def stop(self) -> None:
        """No new job is taken; `run` returns when the running ones are through."""
        self._stopping = True
        for queue in self._queues.values():
            queue.shutdown.set()

    async def _consume(self, lane: str) -> None:
        self._queues[lane] = queue = PgQueuer.from_asyncpg_pool(self._database.pool)
        if lane == "log":
            queue.entrypoint(lane, concurrency_limit=self._pace.logs)(self._job)
        elif lane == WATCH:
            queue.entrypoint(lane, concurrency_limit=self._pace.watches)(self._watcher.job)
            await self._watcher.rescue()
        elif lane == ASKED:
            queue.entrypoint(lane)(self._job)
        else:
            queue.entrypoint(lane)(self._job)
            queue.schedule("sweep", "* * * * *")(self._sweep)
            queue.entrypoint(ESCALATION)(self._escalations.job)
            await self._escalations.rescue()
        await self._inbox.rescue(lanes=(lane,))
        if self._stopping:
            return
        heard = asyncio.create_task(self._listening(queue))
        heard.add_done_callback(lambda _: queue.shutdown.set())
        try:
            await queue.run(
                dequeue_timeout=timedelta(seconds=self._pace.heartbeat),
                max_concurrent_tasks=40,
                heartbeat_timeout=timedelta(seconds=self._pace.heartbeat),
                log_aggregation_interval=timedelta(0),
            )
        finally:
            heard.cancel()
            with suppress(asyncio.CancelledError):
                await heard

    async def _listening(self, queue: PgQueuer) -> None:
        """Raises where the database no longer tells of new jobs. When it says nothing at all, nothing that is asked will be
        answered: all connections are given up then.

        The library has a probe of its own, but sends the first one before it listens, and would stop each queue for it.
        """
        while True:
            await asyncio.sleep(self._pace.heartbeat)
            try:
                await self._probe(queue)
            except TimeoutError:
                logger.warning("the database is silent: its connections are given up")
                self._database.hang_up()
                raise

    async def _probe(self, queue: PgQueuer) -> None:
        """Raises TimeoutError where the database is silent, and FailingListenerError where it only doesn't tell of jobs."""
        every, trivial = self._pace.heartbeat, self._pace.trivial
        try:
            await within(every + trivial, queue.qm.listener_healthy(timedelta(seconds=every)))
        except FailingListenerError:
            listener = queue.connection._listener_connection  # type: ignore[attr-defined]  # the driver of a pool has one
            if listener and not listener.is_closed():  # it may be silent, or this process was late itself
                await within(trivial, listener.execute("select"))
            raise

    async def _sweep(self, _schedule: Schedule) -> None:
        await self.sweep()

    async def sweep(self) -> None:
        """What is to be done once a minute."""
        await self._inbox.rescue(self._pace.rescue, LANES[:1])  # a log may take longer without being lost
        await self._installations.clear_up()
        await self._watcher.rescue()
        await self._escalations.rescue()
        await expire(self._database.pool, self._database.seal, self._retention)
        await tidy(self._database.pool, self._database.seal)
        await self._redraw()

    async def _job(self, job: Job) -> None:
        key = await self._inbox.thread_of(UUID(bytes=job.payload))
        if key is None:
            return
        if key in self._busy:  # whoever works on this thread looks once more before leaving it
            self._busy[key] = True
            return
        self._busy[key] = True
        try:
            while self._busy[key]:
                self._busy[key] = False
                await self._work_off(*key)
        except RetryRequested:
            raise
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            raise RetryRequested(timedelta(0), "this process stops: another one takes over") from None
        except Exception as error:
            logger.warning("a job failed and is tried again", exc_info=True)
            raise RetryRequested(timedelta(seconds=self._pace.backoff), type(error).__name__) from None
        finally:
            del self._busy[key]

    async def _work_off(self, team: str, thread: str) -> None:
        async with self._locks.held(f"{team} {thread}") as mine:
            if not mine:
                raise RetryRequested(timedelta(seconds=self._pace.busy), "another process has this thread")
            while waiting := await self._inbox.oldest(team, thread):
                if waiting.wait > 0:
                    raise RetryRequested(timedelta(seconds=waiting.wait), "not due yet")
                await self._deal_with(waiting)

    async def _deal_with(self, waiting: Open) -> None:
        started = asyncio.get_running_loop().time()
        with self._telemetry.delivery(waiting.id, waiting.delivery.kind, waiting.age) as came_to:
            try:
                outcome = await self._handle(waiting.delivery)
            except NotInstalledError:  # nobody is left there who could be told
                outcome = "not installed"
            except Exception as error:  # noqa: BLE001 - `advice` knows which ones pass, the log gets them all
                await self._failed(waiting, error, came_to)
                return
            await self._inbox.done(waiting.id, outcome)
            came_to(outcome)
            ms = round((asyncio.get_running_loop().time() - started) * 1000, 1)
            logger.info(outcome, extra={"kind": waiting.delivery.kind, "ms": ms, "tries": waiting.tries + 1})

    async def _failed(self, waiting: Open, error: Exception, came_to: Callable[[str], None]) -> None:
        what = advice(error)
        again = waiting.tries + 1 < self._pace.tries
        seconds = what.after if what.after is not None else self._pace.backoff * 2**waiting.tries
        logger.warning("failed", exc_info=error, extra={"reason": what.reason})
        if what.passes and (again or not what.counts):
            await self._inbox.postpone(waiting.id, seconds, counts=what.counts)
            return
        try:
            await self._apologise(waiting.delivery, error)
        except Exception:  # Slack takes nothing from us; the log and the record say so
            logger.exception("could not even apologise")
        await self._inbox.done(waiting.id, f"failed: {what.reason}")
        came_to(f"failed: {what.reason}")
        logger.error("gave up", extra={"reason": what.reason, "kind": waiting.delivery.kind})


class ThreadLocks:
    """Advisory locks, all on one connection of their own: they go when the process goes, or the connection.

    A server that fails over, or a firewall, may leave a connection that is open and silent for ever. So each question has
    `patience` (seconds); a connection that doesn't answer by then is given up, and the next question gets a new one.
    """

    def __init__(self, url: str, *, patience: float = Pace.trivial) -> None:
        self._url = url
        self._patience = patience
        self._connection: asyncpg.Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[bool]:
        """Yields whether the lock is ours; never waits for it. Not reentrant within a process. Raises TimeoutError."""
        mine = bool(await self._ask("select pg_try_advisory_lock(hashtextextended($1, 0))", name))
        try:
            yield mine
        finally:
            if mine:
                await self._ask("select pg_advisory_unlock(hashtextextended($1, 0))", name)

    async def _ask(self, query: str, name: str) -> object:
        async with self._one_at_a_time:
            connection = self._connection
            try:
                if connection is None or connection.is_closed():
                    connection = self._connection = await asyncpg.connect(
                        self._url, timeout=self._patience, command_timeout=self._patience
                    )
                    await connection.execute(NOTICED)
                return await connection.fetchval(query, name)
            except (TimeoutError, asyncio.CancelledError):  # what is left of the question would hold up the next one
                if connection:
                    connection.terminate()
                raise

    async def close(self) -> None:
        if self._connection and not self._connection.is_closed():
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._connection.close(timeout=self._patience)
