"""One escalation within a transaction that holds its row: a change and what follows from it are one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from pgqueuer.queries import Queries
from pydantic import TypeAdapter

from bot.database.alike import Alike
from bot.database.audit import Entry, Kind, append
from bot.database.marks import of_failure
from bot.database.pages import DELIVERY, PAGE, Draft, PageState, StoredPage, stored
from bot.database.sealing import Seal
from bot.logs import ids
from bot.oncall.chronicle import Noted
from bot.oncall.events import Arm, State, Timer
from handlers.ports.thread import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

ENTRYPOINT: Final = "escalation"
state_type: Final = TypeAdapter(State)


class Held:
    """One escalation within a transaction that holds its row."""

    def __init__(self, connection: asyncpg.Connection, row: asyncpg.Record, seal: Seal) -> None:
        self._connection = connection
        self._seal = seal
        self.id: UUID = row["id"]
        self.thread = Thread(row["team"], row["channel"], row["thread_ts"])
        self.state = state_type.validate_json(row["state"])
        self.alike = Alike(connection, self.id, self.thread)

    def mark_of(self, shows: str) -> str:
        """What stands for a case's signature in the tables, which hold nothing of what people paste."""
        return of_failure(self._seal, self.thread.team, shows)

    async def first_time(self, source: str, event: str) -> bool:
        """Notes that an event came in; False when it did before."""
        insert = "insert into escalation_event (source, id) values ($1, $2) on conflict do nothing returning true"
        return bool(await self._connection.fetchval(insert, source, event))

    async def save(self, state: State, symptom: str | None = None) -> None:
        """As long as `phase` says that it is open, retention leaves its case alone."""
        self.state = state
        await self._connection.execute(
            "update escalation set state = $2, phase = $3, cause = $4, opened_at = $5, symptom = coalesce($6, symptom) "
            "where id = $1",
            self.id,
            state_type.dump_json(state).decode(),
            state.phase,
            state.cause,
            state.opened,
            symptom,
        )

    async def judged(self, verdict: str, blamed: str, belief: str) -> None:
        """What the case comes to by now."""
        await self._connection.execute(
            "update incident_case set verdict = $2, blamed = $3, belief = $4 from escalation "
            "where escalation.id = $1 and incident_case.id = case_id",
            self.id,
            verdict,
            blamed,
            belief,
        )

    async def note(self, entries: Iterable[Noted], at: datetime) -> None:
        """Writes down what has just happened."""
        for entry in entries:
            await self._connection.execute(
                "insert into history (escalation_id, incident, at, what, who, detail) values ($1, $2, $3, $4, $5, $6)",
                self.id,
                self.state.incident,
                at,
                entry.what,
                list(entry.who),
                entry.detail,
            )

    async def record(self, kind: Kind, who: str, source: str) -> None:
        """Puts into the audit what somebody did: the last thing of a transaction."""
        user = who[1:] if who.startswith("@") else ""
        detail = {"thread": self.thread.ts, "by": who, "from": source}
        await append(self._connection, self._seal, Entry(kind, self.thread.team, self.thread.channel, user, detail))

    async def plan(self, drafts: Sequence[Draft]) -> None:
        """Each page knows the delivery in hand, so that the log and the trace lead from there to it, whichever job sends it."""
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
                json.dumps({**draft.content, **_origin()}),
            )

    async def plan_card(self, *others: UUID) -> None:
        """The card is to be edited, and those of other escalations. What changes before that is done is one edit."""
        for escalation in (self.id, *others):
            await self._connection.execute(
                "delete from page where escalation_id = $1 and outlet = 'card' and state not in ('planned', 'sending')",
                escalation,
            )
            # Whoever sends it off has to wait for this transaction, and so finds what it changes.
            waits = await self._connection.fetchval(
                "update page set state = 'planned' where escalation_id = $1 and outlet = 'card' and state = 'planned' "
                "returning true",
                escalation,
            )
            if not waits:
                await self._connection.execute(
                    "insert into page (escalation_id, key, incident, outlet, content) values ($1, $2, 0, 'card', $3)",
                    escalation,
                    f"card {uuid4()}",
                    json.dumps(_origin()),
                )
            await Queries.from_asyncpg_connection(self._connection).enqueue(ENTRYPOINT, escalation.bytes)

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
            PAGE + "where escalation_id = $1 and step = $2 order by arrival", self.id, step
        )
        return [stored(row) for row in rows]

    async def out(self, incident: int | None = None) -> list[StoredPage]:
        """The pages that are out, but for notes: of one incident, or of all."""
        rows = await self._connection.fetch(
            PAGE + "where escalation_id = $1 and ($2::integer is null or page.incident = $2) "
            "and (step > 0 or outlet = 'root') and page.state = 'sent' order by arrival",
            self.id,
            incident,
        )
        return [stored(row) for row in rows]

    async def curious(self) -> list[str]:
        """Ids of those who opened a thread of this incident and want to hear what others do about it."""
        rows = await self._connection.fetch(
            "select distinct person.member from person join ("
            "select distinct on (escalation_id) member from reporter where escalation_id in "
            "(select $1 union select id from escalation where joined = $1 and led) order by escalation_id, message_ts"
            ") as opener on opener.member = '@' || person.member where told and team = $2 order by person.member",
            self.id,
            self.thread.team,
        )
        return [row["member"] for row in rows]


def _origin() -> dict[str, str]:
    """The id of the delivery in hand, for the content of a page; nothing where a timer fires."""
    delivery = ids().get(DELIVERY)
    return {DELIVERY: delivery} if delivery else {}
