"""How long what is stored is kept, channel by channel."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.database import open_database
from bot.database.cases import Cases
from bot.database.escalations import EscalationStore
from bot.database.notices import Content, ended, plan
from bot.database.retention import Retention, expire
from bot.oncall.events import Phase, State
from bot.settings import SettingsError, load
from handlers.ports.cases import Pasted
from handlers.ports.thread import Thread
from tests.bot.conftest import World
from tests.bot.stored import lived


async def test_each_channel_is_kept_for_its_own_days(world: World) -> None:
    async with open_database(world.settings()) as database:
        for channel, days in (
            ("CLONG", 80),
            ("CLONG2", 95),
            ("CSHORT", 8),
            ("CSHORT2", 6),
            ("COTHER", 29),
            ("COTHER2", 31),
        ):
            await lived(database, "TONE", channel, "UANNA")
            await database.pool.execute("update escalation set phase = 'resolved'")
            age = f"- interval '{days} days'"
            await database.pool.execute(f"update incident_case set active_at = now() {age} where channel = '{channel}'")
            await database.pool.execute(
                f"update delivery set received_at = now() {age}, done_at = now() where channel = '{channel}' and event like '%1'"
            )
        await database.pool.execute(
            "update check_run set started_at = now() - interval '2 hours' where channel = 'CLONG'"
        )
        own = {"CLONG": 90, "CLONG2": 90, "CSHORT": 7, "CSHORT2": 7}
        await expire(database.pool, database.seal, Retention(30, own, 365))
        kept = {row["channel"] for row in await database.pool.fetch("select channel from incident_case")}
        assert kept == {"CLONG", "CSHORT2", "COTHER"}
        done = await database.pool.fetch("select channel from delivery where done_at is not null")
        assert {row["channel"] for row in done} == kept
        assert await database.pool.fetchval("select count(*) from delivery where done_at is null") == 6
        assert await database.pool.fetchval("select count(*) from check_run") == 5
        for table in ("evidence", "answer", "escalation", "reporter", "timer"):
            assert await database.pool.fetchval(f"select count(*) from {table}") == 3


@pytest.mark.parametrize(
    ("phase", "stays"),
    [("watching", True), ("paging", True), ("acknowledged", True), ("idle", False), ("resolved", False)],
)
async def test_an_incident_that_goes_on_stays_whatever_its_age(world: World, phase: Phase, *, stays: bool) -> None:
    async with open_database(world.settings()) as database:
        thread = Thread("TONE", "CONE", "1.0")
        async with EscalationStore(database).opened(thread) as held:
            await held.save(State(phase=phase, incident=1, holder="@UANNA", opened=datetime(2026, 11, 18, tzinfo=UTC)))
        await Cases(database).keep(thread, Pasted("1.0", "what it rests on"))
        await database.pool.execute("update incident_case set active_at = now() - interval '31 days'")
        await expire(database.pool, database.seal, Retention(30, {}, 365))
        assert bool(await Cases(database).pasted(thread)) is stays


async def test_what_a_watch_said_stays_until_it_is_over(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        watch = await database.pool.fetchval("select id from watch")
        async with database.pool.acquire() as connection, connection.transaction():
            await plan(connection, database.seal, Content(), watch, "news", keys=("dns", "tls"))
        await database.pool.execute("update watch_notice set state = 'sent', created_at = now() - interval '31 days'")
        left = []
        for over in ("dns", "tls"):
            async with database.pool.acquire() as connection, connection.transaction():
                await ended(connection, watch, (over,), datetime(2026, 11, 18, tzinfo=UTC))
            await expire(database.pool, database.seal, Retention(30, {}, 365))
            left.append(await database.pool.fetchval("select count(*) from watch_notice"))
        assert left == [1, 0]


def test_channels_and_days_are_read() -> None:
    settings = load({"MAILFLOW_RETENTION_CHANNELS": "C0123ABCD=7, G0456EFGH = 90,"}, Path("none.env"))
    assert settings.retention_channels == {"C0123ABCD": 7, "G0456EFGH": 90}
    for wrong in ("C0123ABCD", "general=7", "C0123ABCD=0", "C0123ABCD=3651", "C0123ABCD=7d", "C0123ABCD=-1"):
        with pytest.raises(SettingsError, match="such as C0123ABCD=7"):
            load({"MAILFLOW_RETENTION_CHANNELS": wrong}, Path("none.env"))
