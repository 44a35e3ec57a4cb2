"""What people say of cards: whether they were right, and what it was in the end."""

from __future__ import annotations

from bot.database import Database
from handlers.ports import Thread, Vote


class Feedback:
    """handlers.ports.Feedback on PostgreSQL. What people wrote themselves is sealed."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    async def keep(self, thread: Thread, vote: Vote) -> None:
        """Of a case that is gone by now, nothing is kept."""
        await self._pool.execute(
            "insert into feedback (case_id, member, kind, was_right, shown, cause, words, note) "
            "select id, $4, $5, $6, $7, $8, $9, $10 from incident_case "
            "where team = $1 and channel = $2 and thread_ts = $3 "
            "on conflict (case_id, member, kind) do update set at = now(), was_right = excluded.was_right, "
            "shown = excluded.shown, cause = excluded.cause, words = excluded.words, note = excluded.note",
            thread.team,
            thread.channel,
            thread.ts,
            vote.member,
            "resolution" if vote.resolution else "vote",
            vote.right,
            vote.shown,
            vote.cause,
            self._seal.close(vote.words) if vote.words else None,
            self._seal.close(vote.note) if vote.note else None,
        )

    async def given(self, thread: Thread) -> tuple[Vote, ...]:
        rows = await self._pool.fetch(
            "select feedback.* from feedback join incident_case on id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3 order by at, member",
            thread.team,
            thread.channel,
            thread.ts,
        )
        return tuple(
            Vote(
                member=row["member"],
                resolution=row["kind"] == "resolution",
                right=row["was_right"],
                shown=row["shown"],
                cause=row["cause"],
                words=self._seal.open(row["words"]) if row["words"] else "",
                note=self._seal.open(row["note"]) if row["note"] else "",
            )
            for row in rows
        )
