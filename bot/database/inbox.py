"""The inbox: what Slack delivered, stored together with the job that will deal with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_bytes
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pgqueuer.queries import Queries
from pydantic import TypeAdapter, ValidationError

from bot.database import Database, WrongKeyError
from bot.database.columns import DELIVERY_PAYLOAD
from bot.database.sealing import Seal
from bot.telemetry import Telemetry
from handlers.ports.inbox import Delivery
from handlers.ports.thread import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

logger = logging.getLogger(__name__)

LANES = ("delivery", "log")
"""Each lane has jobs of its own: the reading of a large log holds up nothing but the next one."""

ASKED = "asked"
"""The queue for what somebody waits for: it overtakes what was merely pasted, and has workers of its own, as that has. So neither
starves. A thread's order holds: whoever comes to a thread works off all of it. The lane is the same."""

_OVERTAKING: Final = ("edit", "delete")

_delivery = TypeAdapter(Delivery)


@dataclass(frozen=True)
class Open:
    """A delivery that waits to be dealt with; not before `wait` seconds have passed. It arrived `age` seconds ago."""

    id: UUID
    delivery: Delivery
    tries: int
    wait: float
    age: float = 0.0


@dataclass(frozen=True)
class Waiting:
    """The deliveries of a lane that are open. `lag` is how many seconds the oldest of those that are due has waited."""

    count: int = 0
    lag: float = 0.0


class Inbox:
    def __init__(self, database: Database, telemetry: Telemetry | None = None) -> None:
        self._pool = database.pool
        self._seal = database.seal
        self._telemetry = telemetry or Telemetry()

    async def accept(self, delivery: Delivery) -> bool:
        """Stores the delivery and enqueues its job in one transaction. False for what is there already."""
        # Random in every bit, as it is a trace's id too: a UUID's variant stands where sampling looks.
        name = UUID(bytes=token_bytes(16))
        with self._telemetry.arrival(name, delivery.kind) as stored:
            async with self._pool.acquire() as connection, connection.transaction():
                new = await store(connection, self._seal, delivery, name)
            stored(new)
        return new

    async def drop_log(self, thread: Thread, message_ts: str, why: str) -> bool:
        dropped = await self._pool.fetch(
            "update delivery set done_at = now(), outcome = $3, payload = null "
            "where team = $1 and thread = $2 and done_at is null returning id",
            thread.team,
            _of(thread, message_ts),
            why,
        )
        return bool(dropped)

    async def dropped(self, delivery: Delivery) -> str:
        why = await self._pool.fetchval(
            "select outcome from delivery where team = $1 and event = $2 and done_at is not null",
            delivery.thread.team,
            delivery.event,
        )
        return str(why or "")

    async def thread_of(self, delivery: UUID) -> tuple[str, str] | None:
        """Team and thread of a delivery that is still open."""
        row = await self._pool.fetchrow("select team, thread from delivery where id = $1 and done_at is null", delivery)
        return (row["team"], row["thread"]) if row else None

    async def oldest(self, team: str, thread: str) -> Open | None:
        """The open delivery of a thread that came first. One that cannot be read must not block the others."""
        row = await self._pool.fetchrow(
            "select id, team, event, payload, tries, "
            "greatest(extract(epoch from retry_at - now()), 0)::float8 as wait, "
            "extract(epoch from now() - received_at)::float8 as age "
            "from delivery where team = $1 and thread = $2 and done_at is null order by arrival limit 1",
            team,
            thread,
        )
        if row is None:
            return None
        try:
            delivery = _delivery.validate_json(
                await self._seal.open(row["payload"], DELIVERY_PAYLOAD.at(row["team"], row["event"]))
            )
        except (WrongKeyError, ValidationError):
            logger.error("a stored delivery cannot be read", extra={"delivery": str(row["id"])})  # noqa: TRY400 - the message of the exception may quote it
            await self.done(row["id"], "failed: unreadable")
            return await self.oldest(team, thread)
        return Open(row["id"], delivery, row["tries"], row["wait"] or 0.0, row["age"])

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

    async def rescue(self, older_than: float = 0.0, lanes: Sequence[str] = LANES) -> int:
        """Enqueues a job for every thread with open deliveries of at least this age in seconds: a job may have
        been lost with its process. One too many finds nothing to do."""
        rows = await self._pool.fetch(
            "select distinct on (team, thread) id, lane from delivery "
            "where done_at is null and received_at <= now() - $1::interval and coalesce(retry_at, now()) <= now() "
            "and lane = any($2) order by team, thread, arrival",
            timedelta(seconds=older_than),
            list(lanes),
        )
        queries = Queries.from_asyncpg_pool(self._pool)
        for row in rows:
            await queries.enqueue(row["lane"], UUID(str(row["id"])).bytes)
        return len(rows)

    async def waiting(self) -> dict[str, Waiting]:
        """What is open, by lane."""
        return await waiting(self._pool)


async def waiting(connection: asyncpg.Connection | asyncpg.Pool) -> dict[str, Waiting]:
    """What is open, by lane. Only the first one of a thread can be due: the others wait for it, not for us."""
    rows = await connection.fetch(
        "select lane, count(*)::integer as count, "
        "coalesce(greatest(max(extract(epoch from now() - due)) filter (where first), 0), 0)::float8 as lag from ("
        "select lane, greatest(received_at, coalesce(retry_at, received_at)) as due, "
        "row_number() over (partition by team, thread order by arrival) = 1 as first "
        "from delivery where done_at is null) as delivered group by lane"
    )
    found = {row["lane"]: Waiting(row["count"], row["lag"]) for row in rows}
    return {lane: found.get(lane, Waiting()) for lane in LANES}


async def store(connection: asyncpg.Connection, seal: Seal, delivery: Delivery, name: UUID) -> bool:
    """Stores a delivery under this id, and its job, within a transaction. False for what is there already.

    Those of one thread are stored one after the other: a number that is given out first could be seen last.
    """
    thread = delivery.thread
    lane = "log" if delivery.kind == "log" else "delivery"
    place = f"{thread.channel} {thread.ts}" if lane != "log" else _of(thread, delivery.message_ts)
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 1))", f"{thread.team} {place}")
    new = await connection.fetchval(
        "insert into delivery (id, team, event, subject, thread, payload, lane, channel, author) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning true",
        name,
        thread.team,
        delivery.event,
        delivery.subject,
        place,
        seal.close(_delivery.dump_json(delivery).decode(), DELIVERY_PAYLOAD.at(thread.team, delivery.event)),
        lane,
        thread.channel,
        delivery.author or delivery.user,
    )
    if new:
        queue = ASKED if lane != "log" and _is_asked(delivery) else lane
        await Queries.from_asyncpg_connection(connection).enqueue(queue, name.bytes)
    if new and delivery.kind in _OVERTAKING:
        await _overtake(connection, delivery, place)
    return bool(new)


async def _overtake(connection: asyncpg.Connection, delivery: Delivery, place: str) -> None:
    """Notes the message itself as dealt with, where it has not arrived yet: it would bring back what was edited or deleted.

    Slack delivers again what nobody acknowledged, after a minute and after five, whatever came meanwhile.
    """
    thread = delivery.thread
    await connection.execute(
        "insert into delivery (team, event, subject, thread, lane, channel, author, done_at, outcome) "
        "values ($1, $2, $3, $4, 'delivery', $5, $6, now(), 'overtaken') on conflict do nothing",
        thread.team,
        f"overtaken by {delivery.event}",
        f"message {thread.channel} {delivery.message_ts}",
        place,
        thread.channel,
        delivery.author or delivery.user,
    )


def _is_asked(delivery: Delivery) -> bool:
    """Whether a person waits for this: a command, a click, a form, or a message to the bot itself."""
    return delivery.direct or delivery.kind in ("command", "action", "form", "verdict")


def _of(thread: Thread, message_ts: str) -> str:
    """What stands for a thread in the lane of logs: the one message whose logs are read."""
    return f"log {thread.channel} {message_ts}"
