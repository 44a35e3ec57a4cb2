"""Escalations, their pages and timers. Whoever changes one holds its row; a change and what follows from it are one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from pgqueuer.queries import Queries
from pydantic import TypeAdapter

from bot.database import Database
from bot.oncall.events import Arm, State, Timer
from handlers.ports import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

ENTRYPOINT = "escalation"

Outlet = Literal["target", "direct", "root", "channel", "thread", "edit", "pagerduty", "webhook"]
PageState = Literal["planned", "sending", "sent", "failed", "dropped"]

_state = TypeAdapter(State)
_ESCALATION = (
    "select escalation.id, escalation.state, team, channel, thread_ts from escalation "
    "join incident_case on incident_case.id = case_id "
)
_PAGE = (
    "select page.*, team, channel, thread_ts, "
    "coalesce(extract(epoch from now() - sending_at), 0)::float8 as waited, "
    "greatest(coalesce(extract(epoch from retry_at - now()), 0), 0)::float8 as wait "
    "from page join escalation on escalation.id = escalation_id join incident_case on incident_case.id = case_id "
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A page to be: `key` is its name within the escalation, and there is one of a name."""

    key: str
    outlet: Outlet
    address: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page on record. `waited` is the time in seconds since it was sent off without an answer being seen."""

    id: UUID
    escalation: UUID
    thread: Thread
    incident: int
    step: int
    outlet: Outlet
    address: str
    content: dict[str, Any]
    state: PageState
    place: str
    ref: str
    tries: int
    waited: float
    wait: float


class Held:
    """One escalation within a transaction that holds its row."""

    def __init__(self, connection: asyncpg.Connection, row: asyncpg.Record) -> None:
        self._connection = connection
        self.id: UUID = row["id"]
        self.thread = Thread(row["team"], row["channel"], row["thread_ts"])
        self.state = _state.validate_json(row["state"])

    async def first_time(self, source: str, event: str) -> bool:
        """Notes that an event came in; False when it did before."""
        insert = "insert into escalation_event (source, id) values ($1, $2) on conflict do nothing returning true"
        return bool(await self._connection.fetchval(insert, source, event))

    async def save(self, state: State, symptom: str | None = None) -> None:
        """Also keeps the case of an open escalation from being forgotten."""
        self.state = state
        await self._connection.execute(
            "update escalation set state = $2, phase = $3, cause = $4, symptom = coalesce($5, symptom) where id = $1",
            self.id,
            _state.dump_json(state).decode(),
            state.phase,
            state.cause,
            symptom,
        )

    async def plan(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            await self._connection.execute(
                "insert into page (escalation_id, key, incident, step, outlet, address, content) "
                "values ($1, $2, $3, $4, $5, $6, $7) on conflict (escalation_id, key) do nothing",
                self.id,
                draft.key,
                self.state.incident,
                draft.step,
                draft.outlet,
                draft.address,
                json.dumps(dict(draft.content)),
            )

    async def drop(self) -> None:
        """Pages that aren't out yet stay in. Another system may have got what is on its way: that is found out first."""
        await self._connection.execute(
            "update page set state = 'dropped' where escalation_id = $1 and step > 0 "
            "and (state = 'planned' or state = 'sending' and outlet in ('target', 'direct'))",
            self.id,
        )

    async def arm(self, timer: Arm, now: datetime) -> None:
        await self._connection.execute(
            "insert into timer (escalation_id, name, armed_at, due_at, wall) values ($1, $2, $3, $4, $5) "
            "on conflict (escalation_id, name) do update "
            "set armed_at = excluded.armed_at, due_at = excluded.due_at, wall = excluded.wall",
            self.id,
            timer.timer,
            now,
            timer.due,
            timer.wall,
        )

    async def disarm(self, timer: Timer) -> None:
        await self._connection.execute("delete from timer where escalation_id = $1 and name = $2", self.id, timer)

    async def take_due(self, now: datetime) -> Timer | None:
        """Takes a timer that is due, the oldest first. Those of a clock that was set back wait from now on."""
        await self._connection.execute(
            "update timer set armed_at = $2, due_at = $2 + (due_at - armed_at) "
            "where escalation_id = $1 and not wall and armed_at > $2",
            self.id,
            now,
        )
        row = await self._connection.fetchrow(
            "delete from timer where (escalation_id, name) = (select escalation_id, name from timer "
            "where escalation_id = $1 and due_at <= $2 order by due_at, name limit 1) returning name",
            self.id,
            now,
        )
        return row["name"] if row else None

    async def wake(self, after: timedelta = timedelta(0)) -> None:
        """A job that looks after this escalation, `after` a time by the database's clock."""
        later = after if after > timedelta(0) else None
        await Queries.from_asyncpg_connection(self._connection).enqueue(ENTRYPOINT, self.id.bytes, execute_after=later)

    async def reported(self, member: str, now: datetime) -> None:
        await self._connection.execute(
            "insert into reporter (escalation_id, member, reported_at) values ($1, $2, $3) "
            "on conflict (escalation_id, member) do update set reported_at = excluded.reported_at",
            self.id,
            member,
            now,
        )

    async def reporters(self, symptom: str, since: datetime) -> int:
        """How many people of this team reported the symptom, in any thread."""
        return int(
            await self._connection.fetchval(
                "select count(distinct member) from reporter join escalation on escalation.id = escalation_id "
                "join incident_case on incident_case.id = case_id "
                "where team = $1 and symptom = $2 and reported_at >= $3",
                self.thread.team,
                symptom,
                since,
            )
        )

    async def alike(self, cause: str) -> Thread | None:
        """The thread in which people are paged for, or work on, the same cause. Others who ask wait for this answer."""
        name = f"escalation {self.thread.team} {cause}"
        await self._connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        row = await self._connection.fetchrow(
            "select team, channel, thread_ts from escalation join incident_case on incident_case.id = case_id "
            "where team = $1 and cause = $2 and phase in ('paging', 'acknowledged') and escalation.id <> $3 "
            "order by opened_at limit 1",
            self.thread.team,
            cause,
            self.id,
        )
        return Thread(row["team"], row["channel"], row["thread_ts"]) if row else None

    async def settle(self, page: StoredPage, state: PageState, *, place: str = "", ref: str = "") -> bool:
        """Records what came of a page; False when that was recorded already."""
        done = await self._connection.fetchval(
            "update page set state = $2, place = $3, ref = $4, retry_at = null "
            "where id = $1 and state in ('planned', 'sending') returning true",
            page.id,
            state,
            place,
            ref,
        )
        return bool(done)

    async def of_step(self, step: int) -> list[StoredPage]:
        rows = await self._connection.fetch(
            _PAGE + "where escalation_id = $1 and step = $2 order by arrival", self.id, step
        )
        return [_page(row) for row in rows]

    async def out(self, incident: int | None = None) -> list[StoredPage]:
        """The pages that are out, but for notes: of one incident, or of all."""
        rows = await self._connection.fetch(
            _PAGE + "where escalation_id = $1 and ($2::integer is null or page.incident = $2) "
            "and (step > 0 or outlet = 'root') and page.state = 'sent' order by arrival",
            self.id,
            incident,
        )
        return [_page(row) for row in rows]


class EscalationStore:
    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    @asynccontextmanager
    async def opened(self, thread: Thread) -> AsyncIterator[Held]:
        """The escalation of a case, new if need be."""
        async with self._pool.acquire() as connection, connection.transaction():
            case = await connection.fetchval(
                "insert into incident_case (team, channel, thread_ts) values ($1, $2, $3) "
                "on conflict (team, channel, thread_ts) do update set active_at = now() returning id",
                thread.team,
                thread.channel,
                thread.ts,
            )
            await connection.execute("insert into escalation (case_id) values ($1) on conflict do nothing", case)
            row = await connection.fetchrow(_ESCALATION + "where case_id = $1 for update of escalation", case)
            yield Held(connection, row)

    @asynccontextmanager
    async def held(self, escalation: UUID) -> AsyncIterator[Held | None]:
        """An escalation that may be gone by now."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                _ESCALATION + "where escalation.id = $1 for update of escalation", escalation
            )
            if row:
                await connection.execute(
                    "update incident_case set active_at = now() from escalation "
                    "where escalation.id = $1 and case_id = incident_case.id "
                    "and phase in ('watching', 'paging', 'acknowledged')",
                    escalation,
                )
            yield Held(connection, row) if row else None

    async def find(self, thread: Thread) -> UUID | None:
        """The escalation of this thread: the case's own, or one that is under a message of ours about it."""
        found = await self._pool.fetchval(
            "select escalation.id from escalation join incident_case on incident_case.id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3",
            thread.team,
            thread.channel,
            thread.ts,
        )
        if found is None:
            found = await self._under_a_page(thread)
        return UUID(str(found)) if found else None

    async def _under_a_page(self, thread: Thread) -> Any:
        return await self._pool.fetchval(
            "select escalation_id from page join escalation on escalation.id = escalation_id "
            "join incident_case on incident_case.id = case_id "
            "where team = $1 and place = $2 and ref = $3 limit 1",
            thread.team,
            thread.channel,
            thread.ts,
        )

    async def state(self, escalation: UUID) -> State | None:
        row = await self._pool.fetchval("select state from escalation where id = $1", escalation)
        return _state.validate_json(row) if row else None

    async def page(self, page: UUID) -> StoredPage | None:
        row = await self._pool.fetchrow(_PAGE + "where page.id = $1", page)
        return _page(row) if row else None

    async def next_page(self, escalation: UUID) -> StoredPage | None:
        """The open page to deal with next; its `wait` is above 0 when none is due yet."""
        row = await self._pool.fetchrow(
            _PAGE + "where escalation_id = $1 and page.state in ('planned', 'sending') "
            "order by greatest(coalesce(retry_at, now()), now()), arrival limit 1",
            escalation,
        )
        return _page(row) if row else None

    async def send_off(self, page: StoredPage) -> bool:
        """Marks a planned page as on its way; False when it is no longer wanted."""
        done = await self._pool.fetchval(
            "update page set state = 'sending', sending_at = now() where id = $1 and state in ('planned', 'sending') "
            "returning true",
            page.id,
        )
        return bool(done)

    async def postpone(self, page: StoredPage, seconds: float, *, counts: bool, lost: bool) -> None:
        """To be tried again in `seconds`. `lost`: it may have arrived although no answer did."""
        await self._pool.execute(
            "update page set retry_at = now() + $2, tries = tries + $3, "
            "state = case when $4 then state else 'planned' end where id = $1 and state in ('planned', 'sending')",
            page.id,
            timedelta(seconds=seconds),
            int(counts),
            lost,
        )

    async def next_timer(self, escalation: UUID) -> datetime | None:
        found: datetime | None = await self._pool.fetchval(
            "select min(due_at) from timer where escalation_id = $1", escalation
        )
        return found

    async def root(self, page: StoredPage) -> StoredPage | None:
        """The message in the on-call channel under which this incident is told, once Slack has it."""
        row = await self._pool.fetchrow(
            _PAGE + "where escalation_id = $1 and page.incident = $2 and outlet = 'root' and page.state = 'sent'",
            page.escalation,
            page.incident,
        )
        return _page(row) if row else None

    async def paged(self, escalation: UUID, incident: int) -> set[tuple[str, str]]:
        """Outlet and address of everybody who was paged since the escalation was opened."""
        rows = await self._pool.fetch(
            "select outlet, address from page "
            "where escalation_id = $1 and incident = $2 and step > 0 and state = 'sent' and outlet <> 'target'",
            escalation,
            incident,
        )
        return {(row["outlet"], row["address"]) for row in rows}

    async def rescue(self, now: datetime) -> int:
        """Enqueues a job for every escalation that has something due: its job may have been lost, or the clock set."""
        rows = await self._pool.fetch(
            "select escalation_id from timer where due_at <= $1 or (not wall and armed_at > $1) union "
            "select escalation_id from page where state in ('planned', 'sending') and coalesce(retry_at, now()) <= now()",
            now,
        )
        queries = Queries.from_asyncpg_pool(self._pool)
        for row in rows:
            await queries.enqueue(ENTRYPOINT, UUID(str(row["escalation_id"])).bytes)
        return len(rows)

    async def forget(self, days: int) -> None:
        await self._pool.execute(
            "delete from escalation_event where seen_at < now() - $1::interval", timedelta(days=days)
        )
        await Queries.from_asyncpg_pool(self._pool).clear_queue_log(ENTRYPOINT)


def _page(row: asyncpg.Record) -> StoredPage:
    return StoredPage(
        id=row["id"],
        escalation=row["escalation_id"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"]),
        incident=row["incident"],
        step=row["step"],
        outlet=row["outlet"],
        address=row["address"],
        content=json.loads(row["content"]),
        state=row["state"],
        place=row["place"],
        ref=row["ref"],
        tries=row["tries"],
        waited=row["waited"],
        wait=row["wait"],
    )
