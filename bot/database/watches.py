"""What is watched, for whom, and when it is looked at next; across replicas."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec import DecodeError
from pgqueuer.queries import Queries

from bot.database import Database, Seal
from bot.database.columns import WATCHED_MEMORY
from bot.database.notices import Content, NoticeKind, plan
from diagnostics.checks import target_of
from diagnostics.checks.model import CheckReport
from diagnostics.watching import Memory
from handlers.ports.checks import Asker
from handlers.ports.watches import Watch, WatchRefusedError

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

logger = logging.getLogger(__name__)

ENTRYPOINT: Final = "watch"


@dataclass(frozen=True, slots=True)
class Due:
    """A target that is to be looked at. `channel` is one of those that are told."""

    team: str
    target: str
    channel: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel that is told. `introduced`: it was told how things stood."""

    id: UUID
    introduced: bool
    every: timedelta


class WatchBook:
    """handlers.ports.watches.Watches on PostgreSQL. `clock` gives the time, aware."""

    def __init__(self, database: Database, *, most: int, clock: Callable[[], datetime]) -> None:
        self._pool = database.pool
        self._most = most
        self._clock = clock

    async def start(self, text: str, every: timedelta, asker: Asker) -> Watch:
        target, now = str(target_of(text)), self._clock()
        async with self._pool.acquire() as connection, connection.transaction():
            name = f"watches {asker.team}"  # so that two who begin at once don't both get the last place
            await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", name)
            known = await connection.fetchrow(
                _WATCH + "where team = $1 and target = $2 and channel = $3", asker.team, target, asker.channel
            )
            if known and not known["paused"] and known["every"] == every:
                return _watch(known)
            if known is None:
                await self._limit(connection, asker.team)
            watched = await connection.fetchval(
                "insert into watched (team, target, next_at) values ($1, $2, $3) "
                "on conflict (team, target) do update set next_at = excluded.next_at returning id",
                asker.team,
                target,
                now,
            )
            await connection.execute(
                "insert into watch (watched_id, channel, owner, every) values ($1, $2, $3, $4) "
                "on conflict (watched_id, channel) do update set every = excluded.every, owner = excluded.owner, "
                "introduced = watch.introduced and watch.paused = '', paused = ''",
                watched,
                asker.channel,
                asker.user,
                every,
            )
            await Queries.from_asyncpg_connection(connection).enqueue(ENTRYPOINT, UUID(str(watched)).bytes)
        return Watch(target, every, asker.user, next_at=now, channel=asker.channel)

    async def _limit(self, connection: asyncpg.Connection, team: str) -> None:
        count = await connection.fetchval(
            "select count(*) from watch join watched on watched.id = watched_id where team = $1", team
        )
        if count >= self._most:
            raise WatchRefusedError(
                f"This workspace has {count} watches, and may have {self._most} (MAILFLOW_MAX_WATCHES). "
                "End one first, as in: watch stop mail.contoso.com"
            )

    async def stop(self, text: str, team: str, channel: str) -> bool:
        target = str(target_of(text))
        async with self._pool.acquire() as connection, connection.transaction():
            ended = await connection.fetchval(
                "delete from watch using watched where watched.id = watched_id "
                "and team = $1 and target = $2 and channel = $3 returning watched_id",
                team,
                target,
                channel,
            )
            await connection.execute(
                "delete from watched where id = $1 and not exists (select from watch where watched_id = $1)", ended
            )
        return ended is not None

    async def listed(self, team: str, channel: str) -> tuple[Watch, ...]:
        rows = await self._pool.fetch(_WATCH + "where team = $1 and channel = $2 order by target", team, channel)
        return tuple(map(_watch, rows))

    async def begun_by(self, team: str, member: str) -> tuple[Watch, ...]:
        rows = await self._pool.fetch(_WATCH + "where team = $1 and owner = $2 order by target, channel", team, member)
        return tuple(map(_watch, rows))


_WATCH: Final = (
    "select target, every, owner, verdict, open, looked_at, next_at, paused, channel "
    "from watch join watched on watched.id = watched_id "
)


def _watch(row: asyncpg.Record) -> Watch:
    return Watch(**dict(row))


class Held:
    """A watched target within a transaction that holds its row."""

    def __init__(self, connection: asyncpg.Connection, watched: UUID, memory: Memory | None, seal: Seal) -> None:
        self.connection = connection
        self.id = watched
        self.memory = memory
        self._seal = seal

    async def subscriptions(self) -> list[Subscription]:
        rows = await self.connection.fetch(
            "select id, introduced, every from watch where watched_id = $1 and paused = '' order by id", self.id
        )
        return [Subscription(row["id"], row["introduced"], row["every"]) for row in rows]

    async def introduce(self, to: Subscription, content: Content, keys: Sequence[str]) -> None:
        """A channel will be told how things stand as its watch begins."""
        await self.plan(to, "start", content, keys=keys)
        await self.connection.execute("update watch set introduced = true where id = $1", to.id)

    async def plan(
        self,
        to: Subscription,
        kind: NoticeKind,
        content: Content,
        *,
        keys: Sequence[str] = (),
        about: UUID | None = None,
    ) -> None:
        await plan(self.connection, self._seal, content, to.id, kind, keys=keys, about=about)

    async def save(self, report: CheckReport, memory: Memory, now: datetime, next_at: datetime) -> None:
        await self.connection.execute(
            "update watched set memory = $2, verdict = $3, open = $4, looked_at = $5, next_at = $6 where id = $1",
            self.id,
            self._seal.close(memory.model_dump_json(), WATCHED_MEMORY.at(self.id)),
            report.verdict,
            len(memory.open()),
            now,
            next_at,
        )


def _memory(text: str) -> Memory | None:
    """None for what another version kept in another form: the next look is then a first one, and says nothing."""
    try:
        return Memory.model_validate_json(text)
    except DecodeError:
        logger.warning("what was kept of a watched target cannot be read any more")
        return None


class WatchStore:
    """The schedule: which targets are due, and what came of a look."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    async def due(self, watched: UUID, now: datetime) -> Due | None:
        row = await self._pool.fetchrow(
            "select team, target, channel from watched join watch on watched.id = watched_id "
            "where watched.id = $1 and next_at <= $2 and paused = '' order by watch.id limit 1",
            watched,
            now,
        )
        return Due(**dict(row)) if row else None

    @asynccontextmanager
    async def held(self, watched: UUID) -> AsyncIterator[Held | None]:
        """A target that may no longer be watched."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow("select memory from watched where id = $1 for update", watched)
            if row is None:
                yield None
                return
            kept = await self._seal.open(row["memory"], WATCHED_MEMORY.at(watched)) if row["memory"] else ""
            yield Held(connection, watched, _memory(kept) if kept else None, self._seal)

    async def later(self, watched: UUID, next_at: datetime) -> None:
        """The look could not be made now."""
        await self._pool.execute("update watched set next_at = $2 where id = $1", watched, next_at)

    async def rescue(self, now: datetime) -> None:
        """Enqueues a job for every target that is due, or has something to tell. One too many finds nothing to do."""
        rows = await self._pool.fetch(
            "select watched_id as id from watch join watched on watched.id = watched_id "
            "where next_at <= $1 and paused = '' union "
            "select watched_id from watch join watch_notice on watch.id = watch_id "
            "where state in ('planned', 'sending') and coalesce(retry_at, now()) <= now()",
            now,
        )
        queries = Queries.from_asyncpg_pool(self._pool)
        for row in rows:
            await queries.enqueue(ENTRYPOINT, UUID(str(row["id"])).bytes)
