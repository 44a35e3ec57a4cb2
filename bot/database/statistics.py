"""How long incidents take, what they are, and how often the diagnosis is right: counted by the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.database.labels import SAID

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

# Slack's ts are times of one clock: the first answer's less the first message's is how long people waited.
_INCIDENTS: Final = """
    select incident_case.id, blamed, phase,
        (select min(ts::float8) from answer
            where case_id = incident_case.id and part in ('answer', 'card') and judged and ts is not null)
            - thread_ts::float8 as answered,
        extract(epoch from (select min(at) from history
            where escalation_id = escalation.id and what = 'acknowledged' and incident <= 1)
            - to_timestamp(thread_ts::float8))::float8 as acknowledged,
        extract(epoch from (select max(at) from history
            where escalation_id = escalation.id and what = 'resolved' and phase = 'resolved')
            - to_timestamp(thread_ts::float8))::float8 as resolved
    from incident_case join escalation on escalation.case_id = incident_case.id
    where ($1 = '' or team = $1) and (not $3 or audience = 'workspace')
        and escalation.opened_at is not null and verdict not in ('', 'nothing')
        and thread_ts collate "C" >= $2 and thread_ts collate "C" < 'a'
"""


@dataclass(frozen=True, slots=True)
class Times:
    """Of `count` incidents, in seconds; None where there was none."""

    count: int = 0
    mean: float | None = None
    median: float | None = None


@dataclass(frozen=True, slots=True)
class Precision:
    """What people said of causes that were told with this belief: how many agreed, and how many did not."""

    belief: str
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Incidents reported since a moment. Times are from the report on; `causes` are counted by id, most first.

    `confirmed_wrong` are the causes that were called confirmed and that somebody disagreed with, and how many did.
    """

    incidents: int = 0
    resolved: int = 0
    to_answer: Times = Times()
    to_acknowledge: Times = Times()
    to_resolve: Times = Times()
    causes: tuple[tuple[str, int], ...] = ()
    precision: tuple[Precision, ...] = ()
    confirmed_wrong: tuple[tuple[str, int], ...] = ()


async def statistics(
    connection: asyncpg.Connection | asyncpg.Pool, team: str, since: datetime, *, public: bool = False
) -> Statistics:
    """Of one team, or of all (""). `public`: times and causes only of incidents in channels that are open to everybody."""
    values = team, f"{since.timestamp():.6f}", public
    row = await connection.fetchrow(
        f"with incident as ({_INCIDENTS}) select count(*) as incidents, "  # noqa: S608 - a literal
        "count(*) filter (where phase = 'resolved') as resolved, "
        + ", ".join(map(_aggregates, ("answered", "acknowledged", "resolved")))
        + " from incident",
        *values,
    )
    causes = await connection.fetch(
        f"with incident as ({_INCIDENTS}) select blamed, count(*) as count from incident where blamed <> '' "  # noqa: S608 - a literal
        "group by blamed order by count desc, blamed",
        *values,
    )
    said = await connection.fetch(
        f"with said as ({SAID}) select belief, shown, count(*) filter (where agrees) as agreed, "  # noqa: S608 - a literal
        "count(*) filter (where not agrees) as disagreed from said join incident_case on id = case_id "
        "where shown <> '' and belief <> '' and ($2 = '' or team = $2) group by belief, shown order by disagreed desc, shown",
        since,
        team,
    )
    return Statistics(
        incidents=row["incidents"],
        resolved=row["resolved"],
        to_answer=_times(row, "answered"),
        to_acknowledge=_times(row, "acknowledged"),
        to_resolve=_times(row, "resolved"),
        causes=tuple((each["blamed"], each["count"]) for each in causes),
        precision=tuple(_precision(said)),
        confirmed_wrong=tuple(
            (row["shown"], row["disagreed"]) for row in said if row["belief"] == "confirmed" and row["disagreed"]
        ),
    )


def _precision(said: Sequence[asyncpg.Record]) -> Iterator[Precision]:
    for belief in ("confirmed", "likely", "possible"):
        of = [row for row in said if row["belief"] == belief]
        if of:
            yield Precision(belief, sum(row["agreed"] for row in of), sum(row["disagreed"] for row in of))


def _aggregates(what: str) -> str:
    """Counts nothing that took less than no time: clocks differ."""
    fitting = f"filter (where incident.{what} >= 0)"
    return (
        f"count(*) {fitting} as {what}_count, avg(incident.{what}) {fitting} as {what}_mean, "
        f"percentile_cont(0.5) within group (order by incident.{what}) {fitting} as {what}_median"
    )


def _times(row: asyncpg.Record, what: str) -> Times:
    return Times(row[f"{what}_count"], row[f"{what}_mean"], row[f"{what}_median"])
