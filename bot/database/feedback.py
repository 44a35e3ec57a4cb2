"""What people say of cards: whether they were right, and what it was in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.database import Database
from bot.database.columns import FEEDBACK_NOTE, FEEDBACK_WORDS
from bot.database.threads import thread_key
from handlers.ports.feedback import Vote
from handlers.ports.thread import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information


class Feedback:
    """handlers.ports.feedback.Feedback on PostgreSQL. What people wrote themselves is sealed."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    async def keep(self, thread: Thread, vote: Vote) -> None:
        """Of a case that is gone by now, nothing is kept."""
        kind = "resolution" if vote.resolution else "vote"
        case = await self._pool.fetchval(
            "select id from incident_case where team = $1 and channel = $2 and thread_ts = $3",
            *thread_key(thread),
        )
        key = case, vote.member, kind
        await self._pool.execute(
            "insert into feedback (case_id, member, kind, was_right, shown, cause, words, note) "
            "select id, $2, $3, $4, $5, $6, $7, $8 from incident_case where id = $1 "
            "on conflict (case_id, member, kind) do update set at = now(), was_right = excluded.was_right, "
            "shown = excluded.shown, cause = excluded.cause, words = excluded.words, note = excluded.note",
            *key,
            vote.right,
            vote.shown,
            vote.cause,
            self._seal.close(vote.words, FEEDBACK_WORDS.at(*key)) if vote.words else None,
            self._seal.close(vote.note, FEEDBACK_NOTE.at(*key)) if vote.note else None,
        )

    async def given(self, thread: Thread) -> tuple[Vote, ...]:
        rows = await self._pool.fetch(
            "select feedback.* from feedback join incident_case on id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3 order by at, member",
            *thread_key(thread),
        )
        return tuple([await self._vote(row) for row in rows])

    async def _vote(self, row: asyncpg.Record) -> Vote:
        key = row["case_id"], row["member"], row["kind"]
        return Vote(
            member=row["member"],
            resolution=row["kind"] == "resolution",
            right=row["was_right"],
            shown=row["shown"],
            cause=row["cause"],
            words=await self._seal.open(row["words"], FEEDBACK_WORDS.at(*key)) if row["words"] else "",
            note=await self._seal.open(row["note"], FEEDBACK_NOTE.at(*key)) if row["note"] else "",
        )
