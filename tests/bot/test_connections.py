"""Connections to the database: how many, and how those are left that have gone silent without being closed."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bot import health
from bot.database import connected, open_database
from bot.database.inbox import Inbox
from bot.health import Health
from bot.jobs import ThreadLocks
from bot.metrics import Metrics
from tests.bot.conftest import QUICK, World
from tests.bot.pastes import FAILING
from tests.bot.test_health import REACHED
from tests.fakes.silent_proxy import SilentProxy

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


async def test_a_lock_is_asked_for_on_a_new_connection(database_url: str) -> None:
    async with SilentProxy(database_url).listening() as proxy, asyncio.timeout(10):
        locks = ThreadLocks(proxy.url, patience=0.2)
        async with locks.held("a thread") as mine:
            assert mine
        proxy.swallow()
        with pytest.raises(TimeoutError):
            async with locks.held("a thread"):
                pass
        async with locks.held("a thread") as mine:
            assert mine
        proxy.swallow()
        await locks.close()


async def test_a_bot_goes_on(world: World) -> None:
    async with (
        SilentProxy(world.environ["DATABASE_URL"]).listening() as proxy,
        world.bot(DATABASE_URL=proxy.url, pace=replace(QUICK, trivial=0.5)),
        asyncio.timeout(60),
    ):
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.settled()
        proxy.swallow()
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.settled(2)


async def test_whoever_asks_for_readiness_is_told_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PATIENCE", 0.1)
    async with (
        SilentProxy(world.environ["DATABASE_URL"]).listening() as proxy,
        open_database(world.settings(DATABASE_URL=proxy.url)) as opened,
    ):
        asked = Health(Inbox(opened), opened.pool, Metrics(), slack=REACHED)
        proxy.swallow()
        async with asyncio.timeout(5):
            assert (await asked.readiness()).parts["database"] == "does not answer"
        opened.pool.terminate()


async def test_a_server_notices_a_machine_that_is_gone(world: World) -> None:
    """Else it keeps the locks of that machine for two hours."""
    told = "select name from pg_settings where name like 'tcp%' and source = 'session' order by name"
    names = ["tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout"]
    async with open_database(world.settings()) as opened, connected(world.settings(), create=False) as single:
        for _ in range(2):  # what is given back to the pool is reset
            async with opened.pool.acquire() as connection:
                assert [row["name"] for row in await connection.fetch(told)] == names
        assert [row["name"] for row in await single.fetch(told)] == names
        locks = ThreadLocks(opened.url)
        assert (
            await locks._ask("select count(*) from pg_settings where name like $1 and source = 'session'", "tcp%") == 4
        )
        await locks.close()


async def test_a_bot_has_no_more_connections_than_documented(world: World) -> None:
    """One more than are counted here: keys are read on a connection of their own."""
    [most] = re.findall(r"Each holds up to (\d+) connections", OPERATIONS.read_text(encoding="utf-8"))
    async with world.bot() as bot, AsyncExitStack() as held:
        for locks in (bot.worker._locks, bot.watcher._locks, bot.escalations._locks):
            await held.enter_async_context(locks.held(f"lock {id(locks)}"))
        pool = bot.worker._database.pool
        while pool.get_size() < pool.get_max_size() or pool.get_idle_size():
            await held.enter_async_context(pool.acquire())
        mine = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        assert (await world.rows(mine))[0]["count"] + 1 == int(most)
