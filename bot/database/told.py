"""What somebody was told of today, so that neither a restart nor another process says it again."""

from __future__ import annotations

from bot.database import Database


class Told:
    """handlers.ports.told.Told on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def first(self, team: str, problem: str, channel: str) -> bool:
        noted = (
            "insert into told (team, problem, channel) values ($1, $2, $3) on conflict (team, problem, channel) "
            "do update set at = now() where told.at < now() - interval '1 day' returning true"
        )
        return bool(await self._pool.fetchval(noted, team, problem, channel))
