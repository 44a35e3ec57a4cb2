"""What people chose for themselves, and which Home tabs were opened lately."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.database import Database
from handlers.ports.people import Choices

_LATELY: Final = timedelta(hours=1)
_AT_A_TIME: Final = 50  # tabs; the next ones get their turn a minute later


class People:
    """handlers.ports.people.People on PostgreSQL. Times are those of the database's clock."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def choices(self, team: str, member: str) -> Choices:
        row = await self._pool.fetchrow("select short, told from person where team = $1 and member = $2", team, member)
        return Choices(**dict(row)) if row else Choices()

    async def choose(self, team: str, member: str, choices: Choices) -> None:
        await self._pool.execute(
            "insert into person (team, member, short, told) values ($1, $2, $3, $4) "
            "on conflict (team, member) do update set short = excluded.short, told = excluded.told",
            team,
            member,
            choices.short,
            choices.told,
        )

    async def opened(self, team: str, member: str, again: timedelta) -> bool:
        return bool(
            await self._pool.fetchval(
                "insert into home_tab (team, member) values ($1, $2) on conflict (team, member) do update "
                "set opened_at = now(), drawn_at = now() where home_tab.drawn_at <= now() - $3::interval returning true",
                team,
                member,
                again,
            )
        )

    async def outdated(self, least: timedelta) -> tuple[tuple[str, str], ...]:
        """Whatever happens to an incident has its card edited, so an edited card is what makes a tab old."""
        await self._pool.execute("delete from home_tab where opened_at < now() - $1::interval", _LATELY)
        rows = await self._pool.fetch(
            "update home_tab set drawn_at = now() where (team, member) in ("
            "select team, member from home_tab where drawn_at <= now() - $1::interval and exists ("
            "select from page join escalation on escalation.id = escalation_id "
            "join incident_case on incident_case.id = case_id "
            "where outlet = 'card' and incident_case.team = home_tab.team and sending_at >= home_tab.drawn_at) "
            "order by drawn_at limit $2 for update skip locked) returning team, member",
            least,
            _AT_A_TIME,
        )
        return tuple((row["team"], row["member"]) for row in rows)

    async def shown(self, team: str, member: str) -> str:
        return str(
            await self._pool.fetchval("select shown from home_tab where team = $1 and member = $2", team, member) or ""
        )

    async def showed(self, team: str, member: str, digest: str) -> None:
        await self._pool.execute("update home_tab set shown = $3 where team = $1 and member = $2", team, member, digest)
