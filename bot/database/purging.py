"""Deletion at somebody's wish: all that is held of a person, of a channel, or of a workspace.

Complete by test: a table that holds any of them, or hangs on one that does, and is not emptied here makes it fail. The
audit keeps that something was done; who did it and where is erased.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database import Database, audit
from bot.database.inbox import store
from bot.database.sealing import Seal
from handlers.ports.inbox import FORGET, Delivery
from handlers.ports.thread import Thread, is_direct

Whose = Literal["user", "channel", "workspace"]
Counts = dict[str, int]
"""How much, by what people call it."""

_TABLES: Final = (
    ("delivery", "deliveries"),
    ("incident_case", "cases"),
    ("check_run", "checks"),
    ("told", "warnings"),
)
_NOBODY: Final = "somebody"  # takes the place of a person in the record of an incident that goes on


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed, and what goes on without somebody's name in it."""

    removed: Counts
    unnamed: Counts = field(default_factory=dict)


class BusyError(Exception):
    """Something of theirs is being worked on, and that takes long."""


async def forget(database: Database, whose: Whose, identifier: str, *, really: bool, patience: float = 30.0) -> Purged:
    """Removes all that is held of somebody or something, while the bot runs; or, not `really`, only counts it.

    Raises BusyError when work on it does not end within `patience` seconds.
    """
    purge = {"user": purge_user, "channel": purge_channel, "workspace": purge_workspace}[whose]
    async with database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(f"set local lock_timeout = {round(patience * 1000)}")
            await _wait_for_work(connection, whose, identifier)
            purged = await purge(connection, database.seal, identifier)
            if really:
                removed = {what: str(count) for what, count in purged.removed.items()}
                unnamed = {f"unnamed {what}": str(count) for what, count in purged.unnamed.items()}
                entry = audit.Entry("forgotten", detail={"what": whose, **removed, **unnamed})
                await audit.append(connection, database.seal, entry)
                await transaction.commit()
            else:
                await transaction.rollback()
        except asyncpg.LockNotAvailableError:
            await transaction.rollback()
            raise BusyError from None
        except BaseException:
            await transaction.rollback()
            raise
    return purged


async def purge_workspace(connection: asyncpg.Connection, seal: Seal, team: str) -> Purged:
    """Removes all that is held of a workspace, within a transaction. Its installation ends with it."""
    counts = await _of_cases(connection, "team", team)
    for table, name in (*_TABLES, ("watched", "watches")):
        counts[name] = await _changed(connection, f"delete from {table} where team = $1 returning true", team)  # noqa: S608 - names written above
    counts["installations"] = await _changed(
        connection,
        "delete from installation where team = $1 and removed_at is null returning true",
        team,
    )
    counts["choices"] = await _choices(connection, "team", team)
    counts["audit entries"] = await audit.erase(connection, seal, audit.about(seal, "team", team))
    return Purged(counts)


async def purge_channel(connection: asyncpg.Connection, seal: Seal, channel: str) -> Purged:
    """Removes all that is held of a channel, within a transaction."""
    counts = await _channel(connection, channel)
    counts["audit entries"] = await audit.erase(connection, seal, audit.about(seal, "channel", channel))
    return Purged(counts)


async def _channel(connection: asyncpg.Connection, channel: str) -> Counts:
    """All but what the audit says of it: that has a lock which others wait for, and comes last."""
    counts = await _of_cases(connection, "channel", channel)
    for table, name in (*_TABLES, ("watch", "watches")):
        counts[name] = await _changed(connection, f"delete from {table} where channel = $1 returning true", channel)  # noqa: S608 - names written above
    await connection.execute("delete from watched where not exists (select from watch where watched_id = watched.id)")
    # What was said there of cases of other channels: it can't be edited any more.
    counts["messages"] = await _changed(
        connection,
        "update page set state = 'dropped', place = '', ref = '', address = '', content = content - 'channel' - 'ts' "
        "where place = $1 or address = $1 or content ->> 'channel' = $1 returning true",
        channel,
    )
    return counts


async def purge_user(connection: asyncpg.Connection, seal: Seal, user: str) -> Purged:
    """Removes all that is held of a person, within a transaction. Their direct messages with the bot go whole, watches in
    them, too. Elsewhere their pastes go as if they had deleted the messages, so the bot takes back what it said of them."""
    removed, direct = Counter[str](), await _direct(connection, user)
    await _unpaged(connection, user)
    for channel in direct:
        removed.update(await _channel(connection, channel))
    removed["pastes"] += await _withdraw(connection, seal, user)
    removed["deliveries"] += await _changed(
        connection,
        "update delivery set author = '', payload = null, done_at = coalesce(done_at, now()), "
        "outcome = case when done_at is null then 'forgotten' else outcome end where author = $1 returning true",
        user,
    )
    removed["checks"] += await _changed(connection, "delete from check_run where asker = $1 returning true", user)
    removed["reports"] = await _changed(connection, "delete from reporter where member = $1 returning true", f"@{user}")
    removed["votes"] = await _changed(connection, "delete from feedback where member = $1 returning true", user)
    removed["choices"] = await _choices(connection, "member", user)
    watches = await _changed(connection, "update watch set owner = '' where owner = $1 returning true", user)
    unnamed = {"incidents": await _unname(connection, user), "watches": watches}
    for mark in (audit.about(seal, "user", user), *(audit.about(seal, "channel", channel) for channel in direct)):
        removed["audit entries"] += await audit.erase(connection, seal, mark)
    return Purged(dict(removed), unnamed)


async def _direct(connection: asyncpg.Connection, user: str) -> list[str]:
    """The channels of somebody's direct messages with the bot: those in which anything is theirs."""
    rows = await connection.fetch(
        """
        select channel from delivery where author = $1
        union select channel from incident_case where id in (
            select case_id from evidence where author = $1 union select case_id from answer where author = $1
            union select case_id from escalation join reporter on escalation_id = escalation.id where member = '@' || $1)
        union select channel from check_run where asker = $1
        union select channel from watch where owner = $1
        union select place from page where outlet in ('direct', 'reporter') and address = $1
        """,
        user,
    )
    return sorted(row["channel"] for row in rows if is_direct(row["channel"]))


async def _withdraw(connection: asyncpg.Connection, seal: Seal, user: str) -> int:
    rows = await connection.fetch(
        "update evidence set text = null, log = null, unread = null, withdrawn_at = coalesce(withdrawn_at, now()), author = '' "
        "from incident_case where id = case_id and author = $1 returning team, channel, thread_ts, message_ts",
        user,
    )
    quoting = await connection.fetch(
        "update answer set author = '' from incident_case where incident_case.id = case_id and author = $1 "
        "returning team, channel, thread_ts, message_ts",
        user,
    )
    messages = dict.fromkeys(tuple(row.values()) for row in (*rows, *quoting))
    for *thread, message_ts in messages:
        delivery = uuid4()
        name = f"forget {delivery}"
        deletion = Delivery("delete", name, name, Thread(*thread), message_ts, action=FORGET)
        await store(connection, seal, deletion, delivery)
    return len(messages)


async def _unname(connection: asyncpg.Connection, user: str) -> int:
    """Takes a person out of the record of incidents, as who was paged, who has it, who asked."""
    quoted, nobody = f'"@{user}"', f'"{_NOBODY}"'
    count = await _changed(
        connection,
        "update escalation set state = replace(state::text, $1, $2)::jsonb where strpos(state::text, $1) > 0 "
        "returning true",
        quoted,
        nobody,
    )
    await connection.execute(
        "update page set content = replace(content::text, $1, $2)::jsonb where strpos(content::text, $1) > 0",
        quoted,
        nobody,
    )
    await connection.execute(
        "update history set who = array_replace(who, $1, $2) where $1 = any(who)", f"@{user}", _NOBODY
    )
    return count


async def _unpaged(connection: asyncpg.Connection, user: str) -> None:
    """Takes a person out of the messages that they got of incidents."""
    await connection.execute(
        "update page set state = case when state = 'sent' then 'dropped' when state in ('planned', 'sending') then 'failed' "
        "else state end, key = 'forgotten ' || id, address = $2, place = '', ref = '' "
        "where outlet in ('direct', 'reporter') and address = $1",
        user,
        _NOBODY,
    )


async def _choices(connection: asyncpg.Connection, column: Literal["team", "member"], value: str) -> int:
    """What people chose on the Home tab, and that they opened it."""
    await connection.execute(f"delete from home_tab where {column} = $1", value)  # noqa: S608 - a column named above
    return await _changed(connection, f"delete from person where {column} = $1 returning true", value)  # noqa: S608 - as above


async def _of_cases(connection: asyncpg.Connection, column: Literal["team", "channel"], value: str) -> Counts:
    """What goes together with cases."""
    joined = f"join incident_case on incident_case.id = case_id where {column} = $1"
    pastes = await connection.fetchval(
        f"select count(*) from evidence {joined} and text is not null",  # noqa: S608 - a column named above
        value,
    )
    incidents = await connection.fetchval(f"select count(*) from escalation {joined} and phase <> 'idle'", value)  # noqa: S608 - as above
    return {"pastes": pastes, "incidents": incidents}


async def _changed(connection: asyncpg.Connection, statement: str, *values: str) -> int:
    return len(await connection.fetch(statement, *values))


async def _wait_for_work(connection: asyncpg.Connection, whose: Whose, identifier: str) -> None:
    """Whoever deals with a delivery of theirs holds its thread's lock (jobs.ThreadLocks), and might store something of it
    after the purge. The next one that wants it finds nothing any more."""
    column = {"user": "author", "channel": "channel", "workspace": "team"}[whose]
    theirs = f"select distinct team, thread from delivery where done_at is null and {column} = $1 order by 1, 2"  # noqa: S608 - a column named above
    for row in await connection.fetch(theirs, identifier):
        name = f"{row['team']} {row['thread']}"
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", name)
