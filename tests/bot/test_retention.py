"""How long what is stored is kept, channel by channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.database import open_database
from bot.database.retention import Retention, expire
from bot.settings import SettingsError, load
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


def test_channels_and_days_are_read() -> None:
    settings = load({"MAILFLOW_RETENTION_CHANNELS": "C0123ABCD=7, G0456EFGH = 90,"}, Path("none.env"))
    assert settings.retention_channels == {"C0123ABCD": 7, "G0456EFGH": 90}
    for wrong in ("C0123ABCD", "general=7", "C0123ABCD=0", "C0123ABCD=3651", "C0123ABCD=7d", "C0123ABCD=-1"):
        with pytest.raises(SettingsError, match="such as C0123ABCD=7"):
            load({"MAILFLOW_RETENTION_CHANNELS": wrong}, Path("none.env"))
