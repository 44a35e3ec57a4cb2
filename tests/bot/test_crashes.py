"""The bot's process is killed at the worst moments. What Slack was told is stored gets exactly one answer."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bot.conftest import World
from tests.bot.pastes import FAILING


@asynccontextmanager
async def process(world: World, moment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A bot in a process of its own that dies at `moment` (see tests/bot/child.py)."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bot.child",
        moment,
        env={**os.environ, **world.environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert child.stdout
    url = (await asyncio.wait_for(child.stdout.readline(), 30)).decode().strip()
    world.place.request_url = f"{url}/slack/events" if "SLACK_APP_TOKEN" not in world.environ else None
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


@pytest.mark.parametrize("moment", ["before-answer", "after-post", "after-record"])
async def test_after_a_kill_there_is_exactly_one_answer(world: World, moment: str, mode: dict[str, str]) -> None:
    world.environ.update(mode)
    async with process(world, moment) as child:
        ts = await world.place.post("alex", "#exchange", FAILING)
        assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
        await world.place.wait_for(lambda: any(sent.acknowledged for sent in world.place.deliveries))
    async with process(world, "never"):
        await world.answer("#exchange", ts)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1
        assert len(world.attached("#exchange", ts)) <= 1


async def test_another_process_takes_over_from_a_dead_one(world: World) -> None:
    async with world.bot():
        async with process(world, "before-answer") as child:
            ts = await world.place.post("alex", "#exchange", FAILING)
            await asyncio.wait({asyncio.ensure_future(child.wait())}, timeout=1)
        await world.answer("#exchange", ts)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1


async def test_two_processes_share_the_work_without_doubling_it(world: World) -> None:
    async with process(world, "never"), world.bot():
        threads = [await world.place.post("alex", "#exchange", FAILING) for _ in range(10)]
        for ts in threads:
            await world.answer("#exchange", ts)
        for event in {sent.id for sent in world.place.deliveries if sent.id}:
            await world.place.redeliver(event)
        await world.settled()
        assert [len(world.answers("#exchange", ts)) for ts in threads] == [1] * 10


async def test_a_signal_stops_the_bot_in_order(world: World) -> None:
    async with process(world, "never") as child:
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 15) == 0
