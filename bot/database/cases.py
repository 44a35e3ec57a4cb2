"""The record of cases: what was pasted into a thread and what was answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from bot.database import Database
from bot.database.columns import EVIDENCE_LOG, EVIDENCE_TEXT, EVIDENCE_UNREAD
from bot.database.marks import of_shown
from bot.database.sealing import WrongKeyError
from bot.database.threads import case_of, thread_key
from handlers.ports.cases import Answer, Part, Pasted, State
from handlers.ports.thread import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

_ANSWER = (
    "select answer.*, team, channel, thread_ts, "
    "coalesce(extract(epoch from now() - sending_at), 0)::float8 as waited "
    "from answer join incident_case on incident_case.id = case_id "
)

# The id tells which answer it is, so that a record that was restored from a backup, and lacks it, finds it in Slack.
# Restoring counts a try of whatever is open (deploy/restore.sh): what is planned for that anew may be there already.
# An answer that became the card has kept its id.
_PLAN: Final = """
    insert into answer (id, case_id, message_ts, part, judged, state, sending_at)
    select case when exists (select from answer where id = $1) then gen_random_uuid() else $1 end, $2, $3, $4, $5,
        case when tried then 'sending' else 'planned' end, case when tried then timestamptz 'epoch' end
    from (select exists (select from delivery join incident_case
        on delivery.team = incident_case.team and thread = incident_case.channel || ' ' || thread_ts
        where incident_case.id = $2 and done_at is null and tries > 0) as tried) as delivered
"""
_NAMESPACE: Final = UUID("6f0f3b0e-6f0e-5c55-9d0e-1f5d0f6b7a11")


class Cases:
    """handlers.ports.cases.Cases on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    def digest(self, content: bytes) -> str:
        return of_shown(self._seal, content)

    async def pasted(self, thread: Thread, until: str | None = None) -> tuple[Pasted, ...]:
        rows = await self._pool.fetch(
            "select case_id, message_ts, text, log, unread from evidence join incident_case on id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3 and text is not null "
            "and ($4::text is null or message_ts <= $4) order by message_ts",
            *thread_key(thread),
            until,
        )
        return tuple([await self._pasted(row) for row in rows])

    async def _pasted(self, row: asyncpg.Record) -> Pasted:
        key = row["case_id"], row["message_ts"]
        text = await self._seal.open(row["text"], EVIDENCE_TEXT.at(*key))
        log = await self._seal.open(row["log"], EVIDENCE_LOG.at(*key)) if row["log"] else ""
        unread = await self._seal.open(row["unread"], EVIDENCE_UNREAD.at(*key)) if row["unread"] else ""
        return Pasted(row["message_ts"], text, log, tuple(filter(None, unread.split("\n"))))

    async def keep(self, thread: Thread, paste: Pasted, *, author: str = "") -> None:
        key = await case_of(self._pool, thread), paste.message_ts
        unread = "\n".join(" ".join(sentence.split()) for sentence in paste.unread)
        await self._pool.execute(
            "insert into evidence (case_id, message_ts, text, log, unread, author) values ($1, $2, $3, $4, $5, $6) "
            "on conflict (case_id, message_ts) do update "
            "set text = excluded.text, log = excluded.log, unread = excluded.unread, author = excluded.author, "
            "withdrawn_at = null, edited_at = case when $7 then now() else evidence.edited_at end",
            *key,
            self._seal.close(paste.text, EVIDENCE_TEXT.at(*key)),
            self._seal.close(paste.log, EVIDENCE_LOG.at(*key)) if paste.log else None,
            self._seal.close(unread, EVIDENCE_UNREAD.at(*key)) if unread else None,
            author,
            await self._edited(*key, paste.text),
        )

    async def _edited(self, case: int, message_ts: str, text: str) -> bool:
        """Whether this is another text than the one on record."""
        before = await self._pool.fetchval(
            "select text from evidence where case_id = $1 and message_ts = $2", case, message_ts
        )
        try:
            return before is not None and await self._seal.open(before, EVIDENCE_TEXT.at(case, message_ts)) != text
        except WrongKeyError:
            return False

    async def withdraw(self, thread: Thread, message_ts: str) -> None:
        await self._pool.execute(
            "update evidence set text = null, log = null, unread = null, withdrawn_at = now() from incident_case "
            "where id = case_id and team = $1 and channel = $2 and thread_ts = $3 and message_ts = $4 and text is not null",
            *thread_key(thread),
            message_ts,
        )

    async def plan(self, thread: Thread, message_ts: str, part: Part, *, judged: bool = False) -> Answer:
        case = await case_of(self._pool, thread)
        await self._pool.execute(
            _PLAN + "on conflict (case_id, message_ts, part) do update set judged = excluded.judged",
            _id(thread, message_ts, part),
            case,
            message_ts,
            part,
            judged,
        )
        row = await self._pool.fetchrow(
            _ANSWER + "where case_id = $1 and message_ts = $2 and part = $3", case, message_ts, part
        )
        assert row is not None
        return _answer(row)

    async def card(self, thread: Thread, message_ts: str = "") -> Answer | None:
        async with self._pool.acquire() as connection, connection.transaction():
            case = await connection.fetchval(
                "select id from incident_case where team = $1 and channel = $2 and thread_ts = $3 for update",
                *thread_key(thread),
            )
            live = _ANSWER + "where case_id = $1 and part = 'card' and answer.state <> 'withdrawn'"
            row = await connection.fetchrow(live, case)
            if row is None and case is not None and message_ts:
                await self._become_card(connection, case, thread, message_ts)
                row = await connection.fetchrow(live, case)
        return _answer(row) if row else None

    async def _become_card(self, connection: asyncpg.Connection, case: int, thread: Thread, message_ts: str) -> None:
        """What the message was answered with, else a new answer. One that was taken back is edited once more."""
        was = await connection.fetchval(
            "select part from answer where case_id = $1 and message_ts = $2 and part in ('card', 'answer') "
            "order by part = 'card' desc limit 1",
            case,
            message_ts,
        )
        if was is None:
            await connection.execute(_PLAN, _id(thread, message_ts, "card"), case, message_ts, "card", True)
            return
        await connection.execute(
            "update answer set part = 'card', judged = true, state = case "
            "when ts is not null then 'sent' when state = 'withdrawn' then 'planned' else state end "
            "where case_id = $1 and message_ts = $2 and part = $3",
            case,
            message_ts,
            was,
        )

    async def mark(self, answer: Answer, state: State, ts: str | None = None, shown: str | None = None) -> None:
        await self._pool.execute(
            "update answer set state = $2, ts = coalesce($3, ts), shown = coalesce($4, shown), "
            "sending_at = case when $2 = 'sending' then now() end where id = $1",
            answer.id,
            state,
            ts,
            shown,
        )

    async def adopt(
        self, thread: Thread, message_ts: str, part: Part, ts: str, *, judged: bool = True, author: str = ""
    ) -> None:
        case = await case_of(self._pool, thread)
        await self._pool.execute(
            "insert into answer (case_id, message_ts, part, judged, state, ts, author) "
            "values ($1, $2, $3, $4, 'sent', $5, $6) on conflict (case_id, message_ts, part) do nothing",
            case,
            message_ts,
            part,
            judged,
            ts,
            author,
        )

    async def answers(self, thread: Thread, since: str = "") -> tuple[Answer, ...]:
        rows = await self._pool.fetch(
            _ANSWER + "where team = $1 and channel = $2 and thread_ts = $3 "
            "and ts is not null and message_ts >= $4 order by message_ts, part",
            *thread_key(thread),
            since,
        )
        return tuple(map(_answer, rows))

    async def answer_at(self, team: str, channel: str, ts: str) -> Answer | None:
        row = await self._pool.fetchrow(
            _ANSWER + "where team = $1 and channel = $2 and ts = $3 order by judged desc limit 1", team, channel, ts
        )
        return _answer(row) if row else None

    async def recently(self, thread: Thread, seconds: float) -> int:
        count = await self._pool.fetchval(
            "select count(*) from answer join incident_case on incident_case.id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3 "
            "and part not in ('file', 'chart', 'data') and created_at > now() - $4::interval",
            *thread_key(thread),
            timedelta(seconds=seconds),
        )
        return int(count)


def _id(thread: Thread, message_ts: str, part: Part) -> UUID:
    return uuid5(_NAMESPACE, "\n".join((*thread_key(thread), message_ts, part)))


def _answer(row: asyncpg.Record) -> Answer:
    return Answer(
        id=row["id"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"]),
        message_ts=row["message_ts"],
        part=row["part"],
        state=row["state"],
        judged=row["judged"],
        ts=row["ts"],
        waited=row["waited"],
        shown=row["shown"],
    )
