"""Watches through crashes, replicas, refusals, and days with nobody there: each change is told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import checks as limits
from bot.checks import Checks
from bot.database import open_database
from bot.database.columns import WATCHED_MEMORY
from bot.database.notices import Notices
from bot.database.watches import WatchStore
from bot.watches.telling import Telling
from tests.bot.conftest import QUICK, everything
from tests.bot.watches.conftest import DAY, HOUR, SOON, Watched
from tests.checks.whole import MX


async def test_a_channel_that_shuts_pauses_its_watch_and_its_owner_hears_what_it_missed(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        watched.show(days=5)
        watched.world.place.fail_next("chat.postMessage", error="is_archived")
        await watched.later(7 * HOUR)
        [told] = [everything(each) for each in watched.world.place.messages("alex")]
        assert "paused the watch" in told
        assert "archived" in told
        assert "another certificate" in told
        looks = len(watched.lab.smtp.heard)
        await watched.later(7 * HOUR)
        assert len(watched.lab.smtp.heard) == looks  # nobody is told, so nobody looks
        await watched.command(f"watch {MX}")
        assert sum("Watching" in text for text in watched.said()) == 2
        assert len(watched.world.place.messages("alex")) == 1


async def test_after_days_without_any_process_there_is_one_look(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX} every 1h")
    watched.now += 5 * DAY
    async with watched.bot():
        await watched.quiet()
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 2
        assert len(watched.said()) == 1


async def test_two_processes_look_once_and_speak_once(watched: Watched) -> None:
    async with watched.bot() as one, watched.bot() as other:
        await watched.command(f"watch {MX}")
        watched.show(days=5)
        watched.now += 7 * HOUR
        await asyncio.gather(*(bot.watcher.rescue() for bot in (one, other, one, other)))
        await watched.quiet()
        assert len(watched.said()) == 2
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 2


async def test_looks_that_are_refused_for_now_are_made_later(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        monkeypatch.setattr(limits, "_PER_ASKER", 1)
        await watched.later(7 * HOUR)
        [row] = await watched.world.rows("select looked_at, next_at from watched")
        assert row["next_at"] - watched.now <= timedelta(minutes=1)
        monkeypatch.setattr(limits, "_PER_ASKER", 1000)
        await watched.later(SOON)
        [row] = await watched.world.rows("select looked_at from watched")
        assert row["looked_at"] == watched.now


async def test_a_post_whose_answer_is_lost_is_found(watched: Watched) -> None:
    async with watched.bot():
        watched.world.place.fail_next("chat.postMessage", lost_answer=True)
        await watched.command(f"watch {MX}")
        assert len(watched.said()) == 1


async def test_what_another_version_kept_is_begun_anew(watched: Watched) -> None:
    async with watched.bot() as bot:
        await watched.command(f"watch {MX}")
        watched.show(days=5)
        [row] = await watched.world.rows("select id from watched")
        async with open_database(watched.world.settings()) as database:
            no_memory = database.seal.close("something else", WATCHED_MEMORY.at(row["id"]))
        await watched.world.rows("update watched set memory = $1", no_memory)
        await watched.later(7 * HOUR)
        assert len(watched.said()) == 1
        watched.show(days=4)
        await watched.later(7 * HOUR)
        assert "another certificate" in watched.said()[-1]
        assert bot.ready


STEPS: dict[str, Callable[[], tuple[type, str]]] = {
    "looked": lambda: (Checks, "run"),
    "recorded": lambda: (WatchStore, "held"),
    "sent off": lambda: (Notices, "send_off"),
    "posted": lambda: (Telling, "_post"),
    "a case": lambda: (Telling, "_open_case"),
    "settled": lambda: (Notices, "settle"),
}


@pytest.mark.parametrize("step", STEPS)
async def test_cut_off_behind_any_step_everything_is_said_once(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The process ends right behind a step: its job never comes back to it, and another process takes over."""
    async with watched.bot():
        await watched.command(f"watch {MX}")
    watched.now += 7 * HOUR
    watched.show(days=5)
    where, name = STEPS[step]()
    reached = asyncio.Event()

    async def cut(*_: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(where, name, _cut_behind(getattr(where, name), cut))
        async with watched.bot(pace=replace(QUICK, stop=0.05)):
            await asyncio.wait_for(reached.wait(), 10)
    async with watched.bot():
        await watched.quiet()
        start, news = watched.said()
        assert "Watching" in start
        assert "another certificate" in news
        held = await watched.world.rows("select 1 from evidence where text is not null")
        assert len(held) == 2  # both are cases


def _cut_behind(call: Any, cut: Callable[..., Any]) -> Any:
    if call.__name__ == "held":

        @asynccontextmanager
        async def around(*args: Any) -> AsyncIterator[Any]:
            async with call(*args) as held:
                yield held
            await cut()

        return around

    async def behind(*args: Any, **more: Any) -> Any:
        await call(*args, **more)
        await cut()

    return behind
