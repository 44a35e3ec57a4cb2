"""What people said of cases, without who said it: for measuring, and for cases that are exported."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.case_export import Labelled
from bot.database import Database
from bot.database.columns import EVIDENCE_TEXT

# Each person counts once for a case: what they said when they resolved it, else their vote. A cause that they named says more
# than that the answer was right.
SAID: Final = """
    select distinct on (case_id, member) case_id, coalesce(nullif(shown, ''), blamed) as shown,
        case when cause <> '' then cause when was_right then shown else '' end as named,
        case when cause <> '' then cause = coalesce(nullif(shown, ''), blamed) else was_right end as agrees
    from feedback join incident_case on id = case_id
    where at >= $1 and (cause <> '' or was_right is not null) order by case_id, member, kind = 'resolution' desc
"""


async def labelled(database: Database, since: datetime) -> list[Labelled]:
    """The cases of which something was said since then, oldest first. Raises WrongKeyError."""
    rows = await database.pool.fetch(
        f"with said as ({SAID}) select case_id, array_agg(named) filter (where named <> '') as named, "  # noqa: S608 - a literal
        "count(*) filter (where not agrees) as wrong from said group by case_id order by case_id",
        since,
    )
    return [
        Labelled(await _texts(database, row["case_id"]), tuple(sorted(row["named"] or ())), row["wrong"])
        for row in rows
    ]


async def _texts(database: Database, case: int) -> tuple[str, ...]:
    rows = await database.pool.fetch(
        "select message_ts, text from evidence where case_id = $1 and text is not null order by message_ts", case
    )
    opened = [await database.seal.open(row["text"], EVIDENCE_TEXT.at(case, row["message_ts"])) for row in rows]
    return tuple(text for text in opened if text.strip())
