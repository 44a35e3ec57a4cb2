"""What happened in incidents, and which there are: put together from what is on record anyway, and the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, get_args

from bot.database import Database
from bot.database.statistics import Times, statistics
from bot.database.threads import thread_key
from handlers.ports.history import Figures, Happened, Happening, Incident, IncidentFilter, IncidentState
from handlers.ports.thread import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

_KNOWN: Final = frozenset(get_args(Happening))
_STATES: Final[dict[str, IncidentState]] = {
    "paging": "paging",
    "acknowledged": "acknowledged",
    "resolved": "resolved",
}
_INCIDENTS: Final = (
    "select incident_case.*, phase, coalesce(escalation.state ->> 'holder', '') as holder, "
    "(select max(at) from history where escalation_id = escalation.id and what = 'resolved') as ended, "
    "1 + (select count(*) from escalation as other where other.joined = escalation.id) as reports, "
    "(select count(distinct member) from reporter join escalation as other on other.id = escalation_id "
    "  where (other.id = escalation.id or other.joined = escalation.id) and member <> '') as reporters "
    "from incident_case join escalation on escalation.case_id = incident_case.id "
)
# Also of a failure that is over; not where nothing is left of what showed it.
_FAILED: Final = "escalation.opened_at is not null and verdict not in ('', 'nothing')"
# Who was led to another incident has none here.
_VISIBLE: Final = "(channel = $2 or $10 and audience = 'workspace') and not coalesce(led and joined is not null, false)"


class History:
    """handlers.ports.history.History on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def happened(self, thread: Thread) -> tuple[Happened, ...]:
        found = [*await self._pastes(thread), *await self._answers(thread)]
        found += [*await self._joined(thread), *await self._escalation(thread)]
        return tuple(sorted(found, key=lambda each: each.at))

    async def incident(self, thread: Thread) -> Incident | None:
        row = await self._pool.fetchrow(
            _INCIDENTS + f"where team = $1 and channel = $2 and thread_ts = $3 and {_FAILED}",
            *thread_key(thread),
        )
        return _incident(row) if row else None

    async def listed(self, wanted: IncidentFilter, *, skip: int, most: int) -> tuple[Incident, ...]:
        rows = await self._pool.fetch(
            _INCIDENTS + f"where team = $1 and {_FAILED} and {_VISIBLE} "
            "and ($3 = 'all' or ($3 = 'resolved') = (phase = 'resolved')) "
            "and ($4::text[] is null or blamed = any($4)) and ($5 = '' or channel = $5) "
            "and ($6 = '' or escalation.state ->> 'holder' = '@' || $6 or exists (select from evidence "
            "  where case_id = incident_case.id and author = $6)) "
            'and thread_ts collate "C" >= $7 order by thread_ts collate "C" desc, channel offset $8 limit $9',
            wanted.team,
            wanted.inside,
            wanted.state,
            None if wanted.causes is None else sorted(wanted.causes),
            wanted.channel,
            wanted.member,
            f"{wanted.since.timestamp():.6f}" if wanted.since else "",
            skip,
            most,
            wanted.beyond,
        )
        return tuple(map(_incident, rows))

    async def figures(self, team: str, since: datetime) -> Figures:
        found = await statistics(self._pool, team, since, public=True)
        return Figures(_mean(found.to_answer), _mean(found.to_acknowledge), _mean(found.to_resolve), found.causes)

    async def _pastes(self, thread: Thread) -> list[Happened]:
        rows = await self._pool.fetch(
            "select message_ts, author, edited_at, withdrawn_at, (select min(ts) from answer "
            "  where answer.case_id = evidence.case_id and answer.message_ts = evidence.message_ts "
            "  and (part = 'check' or ts = answer.message_ts and part <> 'opening')) as checked "
            "from evidence join incident_case on id = case_id where team = $1 and channel = $2 and thread_ts = $3",
            *thread_key(thread),
        )
        found: list[Happened] = []
        for row in rows:
            who, ts = ((f"@{row['author']}",) if row["author"] else ()), row["checked"] or row["message_ts"]
            found.append(Happened(_moment(ts), "checked" if row["checked"] else "pasted", who, message_ts=ts))
            if row["edited_at"]:
                found.append(Happened(row["edited_at"], "edited", who, message_ts=ts))
            if row["withdrawn_at"]:
                found.append(Happened(row["withdrawn_at"], "withdrawn", who))
        return found

    async def _answers(self, thread: Thread) -> list[Happened]:
        """What we said of the case; an answer that was taken back says nothing any more."""
        rows = await self._pool.fetch(
            "select ts, message_ts from answer join incident_case on incident_case.id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3 "
            "and part in ('answer', 'card') and judged and state = 'sent' and ts is not null",
            *thread_key(thread),
        )
        return [Happened(_moment(row["ts"]), "answered", message_ts=row["ts"], about=row["message_ts"]) for row in rows]

    async def _joined(self, thread: Thread) -> list[Happened]:
        """Who reported the same elsewhere."""
        rows = await self._pool.fetch(
            "select distinct on (reporter.escalation_id) member, message_ts from reporter "
            "join escalation as other on other.id = reporter.escalation_id join escalation on escalation.id = other.joined "
            "join incident_case on incident_case.id = escalation.case_id "
            "where team = $1 and channel = $2 and thread_ts = $3 order by reporter.escalation_id, message_ts",
            *thread_key(thread),
        )
        return [
            Happened(_moment(row["message_ts"]), "joined", (row["member"],) if row["member"] else ()) for row in rows
        ]

    async def _escalation(self, thread: Thread) -> list[Happened]:
        rows = await self._pool.fetch(
            "select history.* from history join escalation on escalation.id = escalation_id "
            "join incident_case on incident_case.id = case_id "
            "where team = $1 and channel = $2 and thread_ts = $3 order by history.id",
            *thread_key(thread),
        )
        return [
            Happened(row["at"], row["what"], tuple(row["who"]), row["detail"]) for row in rows if row["what"] in _KNOWN
        ]


def _mean(times: Times) -> timedelta | None:
    return None if times.mean is None else timedelta(seconds=times.mean)


def _moment(ts: str) -> datetime:
    """When Slack got a message: its name is a time."""
    return datetime.fromtimestamp(float(ts), UTC)


def _incident(row: asyncpg.Record) -> Incident:
    state = _STATES.get(row["phase"], "open")
    holder: Any = row["holder"]
    return Incident(
        thread=Thread(row["team"], row["channel"], row["thread_ts"]),
        state=state,
        cause=row["blamed"],
        belief=row["belief"],
        holder=holder if state in ("acknowledged", "resolved") else "",
        opened=_moment(row["thread_ts"]),
        ended=row["ended"] if state == "resolved" else None,
        reports=row["reports"],
        reporters=row["reporters"],
    )
