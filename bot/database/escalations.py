"""Escalations, their pages and timers, across replicas."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pgqueuer.queries import Queries

from bot.database import Database
from bot.database.held import ENTRYPOINT, Held, state_type
from bot.database.pages import PAGE, StoredPage, stored
from bot.database.threads import case_of, thread_key
from bot.oncall.events import State
from handlers.ports.thread import Thread

_ESCALATION: Final = (
    "select escalation.id, escalation.state, team, channel, thread_ts from escalation "
    "join incident_case on incident_case.id = case_id "
)
# Of each thread about the same failure, who opened it counts.
_STANDING: Final = """
with recursive mine as (
    select escalation.id, state, led, suspects, joined from escalation join incident_case on incident_case.id = case_id
    where team = $1 and channel = $2 and thread_ts = $3
), family as (
    select id from mine union select escalation.id from escalation join family on escalation.joined = family.id
), opener as (
    select distinct on (escalation_id) member from reporter
    where escalation_id in (select id from family) order by escalation_id, message_ts
)
select mine.id, mine.state, mine.suspects,
    coalesce((select member from reporter where escalation_id = mine.id order by message_ts limit 1), '') as reporter,
    lead.channel, lead.thread_ts,
    greatest((select count(*) from opener), 1)::int as reports,
    (select count(distinct member) from opener where member <> '')::int as people
from mine left join escalation as first on first.id = mine.joined and mine.led
left join incident_case as lead on lead.id = first.case_id
"""


@dataclass(frozen=True, slots=True)
class StoredStanding:
    """How things stand with a case, as it is on record; see handlers.ports.incidents.Standing."""

    id: UUID
    state: State
    suspects: tuple[str, ...]
    reporter: str
    lead: Thread | None
    reports: int
    people: int


class EscalationStore:
    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    @asynccontextmanager
    async def opened(self, thread: Thread) -> AsyncIterator[Held]:
        """The escalation of a case, new if need be."""
        async with self._pool.acquire() as connection, connection.transaction():
            case = await case_of(connection, thread)
            await connection.execute("insert into escalation (case_id) values ($1) on conflict do nothing", case)
            row = await connection.fetchrow(_ESCALATION + "where case_id = $1 for no key update of escalation", case)
            yield Held(connection, row, self._seal)

    @asynccontextmanager
    async def held(self, escalation: UUID) -> AsyncIterator[Held | None]:
        """An escalation that may be gone by now."""
        async with self._pool.acquire() as connection, connection.transaction():
            # The case first, as in `opened`: two who lock the same rows in different order would wait for each other.
            await connection.execute(
                "select from incident_case where id = (select case_id from escalation where id = $1) for no key update",
                escalation,
            )
            row = await connection.fetchrow(
                _ESCALATION + "where escalation.id = $1 for no key update of escalation", escalation
            )
            if row:
                await connection.execute(
                    "update incident_case set active_at = now() from escalation "
                    "where escalation.id = $1 and case_id = incident_case.id "
                    "and phase in ('watching', 'paging', 'acknowledged')",
                    escalation,
                )
            yield Held(connection, row, self._seal) if row else None

    async def find(self, thread: Thread) -> UUID | None:
        """The escalation of this thread: the case's own, or one that is under a message of ours about it."""
        found = await self._pool.fetchval(
            "select escalation.id from escalation join incident_case on incident_case.id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3",
            *thread_key(thread),
        )
        if found is None:
            found = await self._under_a_page(thread)
        return UUID(str(found)) if found else None

    async def lead(self, thread: Thread) -> UUID | None:
        """The escalation that is meant in this thread: its own, or the incident that its reporter was led to."""
        found = await self.find(thread)
        lead = await self._pool.fetchval("select joined from escalation where id = $1 and led", found)
        return UUID(str(lead)) if lead else found

    async def known(self, escalation: UUID, team: str) -> UUID | None:
        """An escalation, if it is one of this team."""
        found = await self._pool.fetchval(
            "select escalation.id from escalation join incident_case on incident_case.id = case_id "
            "where escalation.id = $1 and team = $2",
            escalation,
            team,
        )
        return UUID(str(found)) if found else None

    async def _under_a_page(self, thread: Thread) -> Any:
        return await self._pool.fetchval(
            "select escalation_id from page join escalation on escalation.id = escalation_id "
            "join incident_case on incident_case.id = case_id "
            "where team = $1 and place = $2 and ref = $3 limit 1",
            *thread_key(thread),
        )

    async def state(self, escalation: UUID) -> State | None:
        row = await self._pool.fetchval("select state from escalation where id = $1", escalation)
        return state_type.validate_json(row) if row else None

    async def standing(self, thread: Thread) -> StoredStanding | None:
        row = await self._pool.fetchrow(_STANDING, *thread_key(thread))
        if row is None:
            return None
        lead = Thread(thread.team, row["channel"], row["thread_ts"]) if row["channel"] else None
        state = state_type.validate_json(row["state"])
        suspects, reporter = tuple(row["suspects"]), row["reporter"]
        return StoredStanding(row["id"], state, suspects, reporter, lead, row["reports"], row["people"])

    async def last_paged(self, escalation: UUID, incident: int) -> list[StoredPage]:
        """The pages of the last step that reached anybody."""
        rows = await self._pool.fetch(
            PAGE + "where escalation_id = $1 and page.incident = $2 and step > 0 and page.state = 'sent' "
            "and outlet <> 'target' order by step, arrival",
            escalation,
            incident,
        )
        return [stored(row) for row in rows if row["step"] == rows[-1]["step"]]

    async def page(self, page: UUID) -> StoredPage | None:
        row = await self._pool.fetchrow(PAGE + "where page.id = $1", page)
        return stored(row) if row else None

    async def next_page(self, escalation: UUID) -> StoredPage | None:
        """The open page to deal with next; its `wait` is above 0 when none is due yet."""
        row = await self._pool.fetchrow(
            PAGE + "where escalation_id = $1 and page.state in ('planned', 'sending') "
            "order by greatest(coalesce(retry_at, now()), now()), arrival limit 1",
            escalation,
        )
        return stored(row) if row else None

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
        """The message in the on-call channel under which this incident is told."""
        row = await self._pool.fetchrow(
            PAGE + "where escalation_id = $1 and page.incident = $2 and outlet = 'root'",
            page.escalation,
            page.incident,
        )
        return stored(row) if row else None

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
