"""What is deleted by its age. Deletions by somebody's wish are in `purging`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type information
from pgqueuer.queries import Queries

from bot.database import audit
from bot.database.held import ENTRYPOINT as ESCALATION
from bot.database.inbox import LANES
from bot.database.sealing import Seal
from bot.database.watches import ENTRYPOINT as WATCH

_DAYS: Final = (
    "coalesce((select days from unnest($2::text[], $3::integer[]) as own (id, days) where own.id = channel), $1) "
    "* interval '1 day'"
)
_OPEN: Final = (
    "select from escalation where case_id = incident_case.id and phase in ('watching', 'paging', 'acknowledged')"
)
_GOES_ON: Final = "select from unnest(keys) as key where kind in ('start', 'news') and not over ? key"


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days things are kept: in general, in single channels, and in the audit."""

    days: int
    channels: Mapping[str, int]
    audit_days: int


async def expire(pool: asyncpg.Pool, seal: Seal, kept: Retention) -> None:
    """Deletes what is older than it may get: deliveries by arrival, cases (with all that hangs on them) by their last
    change, what watches said by its time, checks as soon as they count for no limit.

    What goes on stays: an incident that somebody has or is paged for, a watch's message about what isn't over.
    """
    own = kept.days, list(kept.channels), list(kept.channels.values())
    await pool.execute(f"delete from delivery where received_at < now() - {_DAYS} and done_at is not null", *own)  # noqa: S608 - a constant of ours
    await pool.execute(f"delete from incident_case where active_at < now() - {_DAYS} and not exists ({_OPEN})", *own)  # noqa: S608 - constants of ours
    await pool.execute(
        "delete from watch_notice using watch where watch.id = watch_id and state in ('sent', 'failed') "  # noqa: S608 - a constant of ours
        f"and created_at < now() - {_DAYS} and not exists ({_GOES_ON})",
        *own,
    )
    await pool.execute("delete from check_run where started_at < now() - interval '1 hour'")
    await pool.execute("delete from told where at < now() - interval '1 day'")
    await pool.execute("delete from escalation_event where seen_at < now() - $1 * interval '1 day'", kept.days)
    async with pool.acquire() as connection:
        await audit.expire(connection, seal, kept.audit_days)
    await Queries.from_asyncpg_pool(pool).clear_queue_log([*LANES, ESCALATION, WATCH])
