"""What watches say, on record: intended before Slack is called, one row each."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID, uuid4

from msgspec import DecodeError

from bot.database import Database, Seal, WrongKeyError
from bot.database.columns import NOTICE_CONTENT
from diagnostics.checks.model import CheckReport
from diagnostics.values import Value
from diagnostics.watching import Change

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

logger = logging.getLogger(__name__)

NoticeKind = Literal["start", "news", "edit", "line", "owner"]


class Content(Value, frozen=True, kw_only=True):
    """What is told: changes and the look that showed them; for the owner also why the channel can't be told."""

    changes: tuple[Change, ...] = ()
    report: CheckReport | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """`about` is the message that is edited or answered: None until it is out. `over` holds the ISO times at which states
    ended. `waited` and `wait` in seconds: since it was sent off without an answer being seen, and until it is due."""

    id: UUID
    watch: UUID
    team: str
    target: str
    channel: str
    owner: str
    every: timedelta
    kind: NoticeKind
    about: UUID | None
    over: dict[str, str]
    content: Content
    state: str
    ts: str
    tries: int
    waited: float
    wait: float


_NOTICE: Final = (
    "select watch_notice.*, team, target, channel, owner, every, "
    "coalesce(extract(epoch from now() - sending_at), 0)::float8 as waited, "
    "greatest(coalesce(extract(epoch from retry_at - now()), 0), 0)::float8 as wait "
    "from watch_notice join watch on watch.id = watch_id join watched on watched.id = watched_id "
)


class Notices:
    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    async def next(self, watched: UUID) -> Notice | None:
        """The one to deal with next: of each channel the oldest, for what it says rests on those before it."""
        row = await self._pool.fetchrow(
            _NOTICE + "where watch_notice.id in (select distinct on (watch_id) each.id from watch_notice as each "  # noqa: S608 - all of it is ours
            "join watch as its on its.id = watch_id where its.watched_id = $1 and state in ('planned', 'sending') "
            "order by watch_id, arrival) order by wait, arrival limit 1",
            watched,
        )
        if row is None:
            return None
        try:
            return await self._stored(row)
        except (WrongKeyError, DecodeError):  # one that can't be read must not block the others
            logger.error("a stored notice cannot be read", extra={"notice": str(row["id"])})  # noqa: TRY400 - the message of the exception may quote it
            await self._pool.execute("update watch_notice set state = 'failed' where id = $1", row["id"])
            return await self.next(watched)

    async def get(self, notice: UUID) -> Notice | None:
        row = await self._pool.fetchrow(_NOTICE + "where watch_notice.id = $1", notice)
        return await self._stored(row) if row else None

    async def send_off(self, notice: Notice) -> None:
        """Marks it as on its way."""
        await self._pool.execute(
            "update watch_notice set state = 'sending', sending_at = now() where id = $1", notice.id
        )

    async def postpone(self, notice: Notice, seconds: float, *, counts: bool, lost: bool) -> None:
        """To be tried again in `seconds`. `lost`: it may have arrived although no answer did."""
        await self._pool.execute(
            "update watch_notice set retry_at = now() + $2, tries = tries + $3, "
            "state = case when $4 then state else 'planned' end where id = $1",
            notice.id,
            timedelta(seconds=seconds),
            int(counts),
            lost,
        )

    async def settle(self, notice: Notice, state: Literal["sent", "failed"], ts: str = "") -> None:
        await self._pool.execute(
            "update watch_notice set state = $2, ts = $3, retry_at = null where id = $1", notice.id, state, ts
        )

    async def pause(self, watch: UUID, why: str) -> None:
        """The channel can't be told any more: its owner is, once, and of what was still to be told, too. One whose owner was
        forgotten has none."""
        async with self._pool.acquire() as connection, connection.transaction():
            owner = await connection.fetchval(
                "update watch set paused = $2 where id = $1 and paused = '' returning owner", watch, why
            )
            rows = await connection.fetch(
                "update watch_notice set state = 'failed' where watch_id = $1 and state in ('planned', 'sending') "
                "returning id, arrival, content",
                watch,
            )
            if owner:
                untold = [await self._content(row) for row in sorted(rows, key=lambda row: int(row["arrival"]))]
                changes = tuple(change for content in untold for change in content.changes)
                content = Content(changes=changes, why=why)
                await plan(connection, self._seal, content, watch, "owner")

    async def _content(self, row: asyncpg.Record) -> Content:
        return Content.model_validate_json(await self._seal.open(row["content"], NOTICE_CONTENT.at(row["id"])))

    async def _stored(self, row: asyncpg.Record) -> Notice:
        kept = {name: row[name] for name in Notice.__slots__ if name not in ("watch", "over", "content")}
        return Notice(watch=row["watch_id"], over=json.loads(row["over"]), content=await self._content(row), **kept)


async def plan(
    connection: asyncpg.Connection,
    seal: Seal,
    content: Content,
    watch: UUID,
    kind: NoticeKind,
    *,
    keys: Sequence[str] = (),
    about: UUID | None = None,
) -> None:
    """Records what is to be said. Of several edits of one message that are still to be made, one is made."""
    if kind == "edit" and await connection.fetchval(
        "select true from watch_notice where about = $1 and kind = 'edit' and state = 'planned'", about
    ):
        return
    notice = uuid4()
    await connection.execute(
        "insert into watch_notice (id, watch_id, kind, about, keys, content) values ($1, $2, $3, $4, $5, $6)",
        notice,
        watch,
        kind,
        about,
        list(keys),
        seal.close(content.model_dump_json(), NOTICE_CONTENT.at(notice)),
    )


async def ended(
    connection: asyncpg.Connection, watch: UUID, keys: Sequence[str], now: datetime
) -> dict[UUID, list[str]]:
    """Notes that states are over, in every message that told of them. The messages, the newest last, and what ended in each."""
    rows = await connection.fetch(
        "select id, keys, over from watch_notice where watch_id = $1 and kind in ('start', 'news') "
        "and state <> 'failed' and keys && $2::text[] order by arrival",
        watch,
        list(keys),
    )
    found: dict[UUID, list[str]] = {}
    for row in rows:
        over = json.loads(row["over"])
        new = [key for key in row["keys"] if key in keys and key not in over]
        if new:
            found[row["id"]] = new
            over |= dict.fromkeys(new, now.isoformat(timespec="seconds"))
            await connection.execute("update watch_notice set over = $2 where id = $1", row["id"], json.dumps(over))
    return found
