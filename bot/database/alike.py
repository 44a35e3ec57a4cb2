"""Which threads are about the same failure, who reported it, and which of them leads: within a transaction that holds one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from handlers.ports.thread import Audience, Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information


@dataclass(frozen=True, slots=True)
class Link:
    """The incident that an escalation joined, None for none. `led`: whoever reports here is led there for an answer."""

    joined: UUID | None = None
    led: bool = False


class Alike:
    """The reports of one escalation, and its place among the others of its team."""

    def __init__(self, connection: asyncpg.Connection, escalation: UUID, thread: Thread) -> None:
        self._connection = connection
        self._id = escalation
        self._thread = thread

    async def reported(self, member: str, message_ts: str, now: datetime) -> None:
        """`member` is "" for a bot."""
        await self._connection.execute(
            "insert into reporter (escalation_id, member, message_ts, reported_at) values ($1, $2, $3, $4) "
            "on conflict (escalation_id, member, message_ts) do update set reported_at = excluded.reported_at",
            self._id,
            member,
            message_ts,
            now,
        )

    async def unreported(self, message_ts: str) -> None:
        await self._connection.execute(
            "delete from reporter where escalation_id = $1 and message_ts = $2", self._id, message_ts
        )

    async def reporters(self, symptom: str, since: datetime) -> int:
        """How many people of this team reported the symptom, or joined this incident, in any thread."""
        return int(
            await self._connection.fetchval(
                "select count(distinct member) from reporter join escalation on escalation.id = escalation_id "
                "join incident_case on incident_case.id = case_id where team = $1 "
                "and (symptom = $2 or escalation.id = $3 or joined = $3) and reported_at >= $4 and member <> ''",
                self._thread.team,
                symptom,
                self._id,
                since,
            )
        )

    async def link(self) -> Link:
        row = await self._connection.fetchrow("select joined, led from escalation where id = $1", self._id)
        return Link(row["joined"], row["led"] and row["joined"] is not None)

    async def join(self, link: Link) -> None:
        await self._connection.execute(
            "update escalation set joined = $2, led = $3 where id = $1", self._id, link.joined, link.led
        )

    async def sign(self, signature: str, suspects: Sequence[str], *, audience: Audience | None, anew: bool) -> None:
        """What the case shows now. `anew`: what it showed before no longer stands. `audience` None: as it was."""
        await self._connection.execute(
            "update escalation set signature = $2, suspects = $3, audience = coalesce($4, audience), signatures = case "
            "when $2 = '' then case when $5 then '{}' else signatures end "
            "when $5 then array[$2] when $2 = any(signatures) then signatures else signatures || $2 end where id = $1",
            self._id,
            signature,
            list(suspects),
            audience,
            anew,
        )

    async def signature(self) -> str:
        return str(await self._connection.fetchval("select signature from escalation where id = $1", self._id))

    async def stays(self, joined: UUID, signature: str) -> bool:
        """Whether the incident that it joined is open still, and about the same failure."""
        return bool(
            await self._connection.fetchval(
                "select true from escalation where id = $1 and $2 = any(signatures) and signature <> '' "
                "and phase <> 'resolved'",
                joined,
                signature,
            )
        )

    async def first(self, signature: str, since: datetime) -> Link:
        """The open incident of the same failure that began after `since`: best one that people of this thread can see.

        Whoever asks for the same failure at the same moment waits for the end of this transaction.
        """
        await self._one_at_a_time(signature)
        row = await self._connection.fetchrow(
            "select other.id, (place.channel = $3 or (other.audience = 'workspace' and mine.audience <> 'outside')) as seen "
            "from escalation as other join incident_case as place on place.id = other.case_id, escalation as mine "
            "where mine.id = $1 and other.id <> $1 and team = $2 and other.signatures @> array[$4]::text[] "
            "and other.signature <> '' and other.phase <> 'resolved' and other.opened_at >= $5 "
            "and (other.joined is null or not other.led) order by seen desc, other.opened_at, other.id limit 1",
            self._id,
            self._thread.team,
            self._thread.channel,
            signature,
            since,
        )
        return Link(row["id"], row["seen"]) if row else Link()

    async def worked_on(self, signature: str) -> Thread | None:
        """The other thread in which people are paged for, or work on, the same failure."""
        await self._one_at_a_time(signature)
        row = await self._connection.fetchrow(
            "select team, channel, thread_ts from escalation join incident_case on incident_case.id = case_id "
            "where team = $1 and signatures @> array[$2]::text[] and phase in ('paging', 'acknowledged') and escalation.id <> $3 "
            "order by escalation.opened_at limit 1",
            self._thread.team,
            signature,
            self._id,
        )
        return Thread(row["team"], row["channel"], row["thread_ts"]) if row else None

    async def joiners(self) -> list[UUID]:
        """The escalations that joined this one, oldest first."""
        rows = await self._connection.fetch(
            "select id from escalation where joined = $1 order by opened_at, id", self._id
        )
        return [row["id"] for row in rows]

    async def above(self) -> list[UUID]:
        """What this one joined, and what that joined in turn: their cards count this one's reports."""
        rows = await self._connection.fetch(
            "with recursive above as (select joined from escalation where id = $1 union "
            "select escalation.joined from escalation join above on escalation.id = above.joined) "
            "select joined from above where joined is not null",
            self._id,
        )
        return [row["joined"] for row in rows]

    async def _one_at_a_time(self, signature: str) -> None:
        name = f"failure {self._thread.team} {signature}"
        await self._connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", name)
