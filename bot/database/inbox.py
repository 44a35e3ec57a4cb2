"""The inbox: what Slack delivered, stored together with the job that will deal with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pgqueuer.queries import Queries
from pydantic import TypeAdapter, ValidationError

from bot.database import Database, WrongKeyError
from handlers.ports import Delivery

logger = logging.getLogger(__name__)

ENTRYPOINT = "delivery"
_delivery = TypeAdapter(Delivery)


@dataclass(frozen=True)
class Open:
    """A delivery that waits to be dealt with; not before `wait` seconds have passed."""

    id: UUID
    delivery: Delivery
    tries: int
    wait: float


class Inbox:
    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    async def accept(self, delivery: Delivery) -> bool:
        """Stores the delivery and enqueues its job in one transaction. False for what is there already."""
        payload = self._seal.close(_delivery.dump_json(delivery).decode())
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchval(
                "insert into delivery (team, event, subject, thread, payload) values ($1, $2, $3, $4, $5) "
                "on conflict do nothing returning id",
                delivery.thread.team,
                delivery.event,
                delivery.subject,
                f"{delivery.thread.channel} {delivery.thread.ts}",
                payload,
            )
            if row is None:
                return False
            await Queries.from_asyncpg_connection(connection).enqueue(ENTRYPOINT, UUID(str(row)).bytes)
        return True

    async def thread_of(self, delivery: UUID) -> tuple[str, str] | None:
        """Team and thread of a delivery that is still open."""
        row = await self._pool.fetchrow("select team, thread from delivery where id = $1 and done_at is null", delivery)
        return (row["team"], row["thread"]) if row else None

    async def oldest(self, team: str, thread: str) -> Open | None:
        """The open delivery of a thread that came first. One that cannot be read must not block the others."""
        row = await self._pool.fetchrow(
            "select id, payload, tries, greatest(extract(epoch from retry_at - now()), 0)::float8 as wait "
            "from delivery where team = $1 and thread = $2 and done_at is null order by arrival limit 1",
            team,
            thread,
        )
        if row is None:
            return None
        try:
            delivery = _delivery.validate_json(self._seal.open(row["payload"]))
        except (WrongKeyError, ValidationError):
            logger.error("a stored delivery cannot be read", extra={"delivery": str(row["id"])})  # noqa: TRY400 - the message of the exception may quote it
            await self.done(row["id"], "failed: unreadable")
            return await self.oldest(team, thread)
        return Open(row["id"], delivery, row["tries"], row["wait"] or 0.0)

    async def done(self, delivery: UUID, outcome: str) -> None:
        """Closes a delivery. Its payload goes: what a case needs of it is in the case."""
        await self._pool.execute(
            "update delivery set done_at = now(), outcome = $2, payload = null where id = $1",
            delivery,
            outcome,
        )

    async def postpone(self, delivery: UUID, seconds: float, *, counts: bool) -> None:
        await self._pool.execute(
            "update delivery set retry_at = now() + $2, tries = tries + $3 where id = $1",
            delivery,
            timedelta(seconds=seconds),
            int(counts),
        )

    async def rescue(self, older_than: float = 0.0) -> int:
        """Enqueues a job for every thread with open deliveries of at least this age in seconds: a job may have
        been lost with its process. One too many finds nothing to do."""
        rows = await self._pool.fetch(
            "select distinct on (team, thread) id from delivery "
            "where done_at is null and received_at <= now() - $1::interval and coalesce(retry_at, now()) <= now() "
            "order by team, thread, arrival",
            timedelta(seconds=older_than),
        )
        queries = Queries.from_asyncpg_pool(self._pool)
        for row in rows:
            await queries.enqueue(ENTRYPOINT, UUID(str(row["id"])).bytes)
        return len(rows)

    async def forget(self, days: int) -> None:
        """Deletes what is older than `days`: deliveries by arrival, cases by their last change."""
        age = timedelta(days=days)
        await self._pool.execute(
            "delete from delivery where received_at < now() - $1::interval and done_at is not null", age
        )
        await self._pool.execute("delete from incident_case where active_at < now() - $1::interval", age)
        await Queries.from_asyncpg_pool(self._pool).clear_queue_log(ENTRYPOINT)
