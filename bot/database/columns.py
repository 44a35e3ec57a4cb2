"""Every column that holds something sealed: where it is, and what binds a value to its row.

A new one is declared here and nowhere else: a test compares this with the schema, and rotation goes by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database.sealing import Seal, WrongKeyError, bound_to

_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column with sealed texts. `key` names the columns that name a row of it for good."""

    table: str
    name: str
    key: tuple[str, ...]

    def at(self, *key: object) -> bytes:
        """The place of one value, for Seal.close and Seal.open: `key` are the row's values of the columns of that name."""
        assert len(key) == len(self.key)
        return bound_to((self.table, self.name, *key))


DELIVERY_PAYLOAD: Final = Column("delivery", "payload", ("team", "event"))
EVIDENCE_TEXT: Final = Column("evidence", "text", ("case_id", "message_ts"))
EVIDENCE_UNREAD: Final = Column("evidence", "unread", ("case_id", "message_ts"))
EVIDENCE_LOG: Final = Column("evidence", "log", ("case_id", "message_ts"))
CHECK_REPORT: Final = Column("check_run", "report", ("id",))
FEEDBACK_WORDS: Final = Column("feedback", "words", ("case_id", "member", "kind"))
FEEDBACK_NOTE: Final = Column("feedback", "note", ("case_id", "member", "kind"))
INSTALLATION_TOKENS: Final = Column("installation", "tokens", ("team",))
WATCHED_MEMORY: Final = Column("watched", "memory", ("id",))
NOTICE_CONTENT: Final = Column("watch_notice", "content", ("id",))
AUDIT_DETAIL: Final = Column("audit", "detail", ("seq",))

SEALED: Final = (
    DELIVERY_PAYLOAD,
    EVIDENCE_TEXT,
    EVIDENCE_LOG,
    EVIDENCE_UNREAD,
    FEEDBACK_WORDS,
    FEEDBACK_NOTE,
    CHECK_REPORT,
    INSTALLATION_TOKENS,
    WATCHED_MEMORY,
    NOTICE_CONTENT,
    AUDIT_DETAIL,
)


async def seal_anew(pool: asyncpg.Pool, seal: Seal, most: int | None = None) -> int:
    """Seals with the key in use what was sealed with an earlier one: all of it, or `most` values. How many that were.

    A value that changes meanwhile is left as it is: whoever changed it sealed it. One that no key opens is left, too.
    """
    done = 0
    for column in SEALED:
        after: tuple[Any, ...] | None = None
        while most is None or done < most:
            rows = await _earlier(pool, column, seal.writes, after)
            if not rows:
                break
            after = tuple(rows[-1][name] for name in column.key)
            for row in rows:
                done += await _one(pool, seal, column, row)
    return done


async def _earlier(pool: asyncpg.Pool, column: Column, current: bytes, after: tuple[Any, ...] | None) -> list[Any]:
    key = ", ".join(column.key)
    places = ", ".join(f"${number}" for number in range(2, len(column.key) + 2))
    later = f"and ({key}) > ({places})" if after else ""
    rows: list[Any] = await pool.fetch(
        f"select {key}, {column.name} as sealed from {column.table} "  # noqa: S608 - the names are those declared above
        f"where {column.name} is not null and substring({column.name} from 1 for {len(current)}) <> $1 {later} "
        f"order by {key} limit {_BATCH}",
        current,
        *(after or ()),
    )
    return rows


async def _one(pool: asyncpg.Pool, seal: Seal, column: Column, row: Any) -> int:
    key = tuple(row[name] for name in column.key)
    place = column.at(*key)
    try:
        text = await seal.open(row["sealed"], place)
    except WrongKeyError:
        return 0
    named = " and ".join(f"{name} = ${number}" for number, name in enumerate(column.key, start=3))
    done = await pool.fetchval(
        f"update {column.table} set {column.name} = $1 where {column.name} = $2 and {named} returning true",  # noqa: S608 - as above
        seal.close(text, place),
        row["sealed"],
        *key,
    )
    return int(bool(done))
