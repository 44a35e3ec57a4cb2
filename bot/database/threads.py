"""Cases, by the threads that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.ports.thread import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information


def thread_key(thread: Thread) -> tuple[str, str, str]:
    """What names a case in queries: team, channel and thread_ts."""
    return thread.team, thread.channel, thread.ts


async def case_of(connection: asyncpg.Connection | asyncpg.Pool, thread: Thread) -> int:
    """The id of a thread's case, new if need be. Something is going on in it now."""
    case = await connection.fetchval(
        "insert into incident_case (team, channel, thread_ts) values ($1, $2, $3) "
        "on conflict (team, channel, thread_ts) do update set active_at = now() returning id",
        *thread_key(thread),
    )
    return int(case)
