"""A lab that can be broken, a bot that watches it, and a clock that tests set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import checks as limits
from bot.app import Bot
from tests.bot.conftest import World, everything
from tests.checks.whole import MX, Domain, domain
from tests.fakes.certificates import authorities
from tests.fakes.minting import Served, Wish, named

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SOON = timedelta(minutes=10)


@dataclass
class Watched:
    """A lab that can be broken, a bot that watches it, and the clock that both go by."""

    world: World
    lab: Domain
    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    current: Bot | None = None

    @asynccontextmanager
    async def bot(self, **more: Any) -> AsyncIterator[Bot]:
        async with self.world.bot(clock=lambda: self.now, **more) as bot:
            self.current = bot
            yield bot

    async def command(self, text: str, channel: str = "#exchange") -> None:
        before = len(await self.world.rows("select 1 from delivery"))
        await self.world.place.command("alex", channel, "/mailflow", text)
        await self.world.settled(before + 1)
        await self.quiet()

    async def later(self, time: timedelta) -> None:
        """Lets time pass, as the sweep does every minute, until there is nothing left to do."""
        self.now += time
        assert self.current
        await self.current.watcher.rescue()
        await self.quiet()

    async def through(self, time: timedelta) -> None:
        """Lets time pass, look by look as they come due."""
        until = self.now + time
        while True:
            [row] = await self.world.rows("select min(next_at) as due from watched")
            if row["due"] > until:
                break
            await self.later(max(row["due"] - self.now, timedelta(0)))
        await self.later(until - self.now)

    async def quiet(self) -> None:
        async with asyncio.timeout(20):
            while True:
                busy = await self.world.rows(
                    "select 1 from watched join watch on watched.id = watched_id where next_at <= $1 and paused = '' "
                    "union all select 1 from watch_notice where state in ('planned', 'sending')",
                    self.now,
                )
                if not busy:
                    return
                await asyncio.sleep(0.02)

    def said(self, channel: str = "#exchange") -> list[str]:
        """The messages of a channel, without those in threads."""
        roots = [each for each in self.world.place.messages(channel) if each.get("thread_ts", each["ts"]) == each["ts"]]
        return [everything(each) for each in roots]

    def replies(self, number: int) -> list[str]:
        """What the bot said in the thread of the channel's message `number`."""
        roots = [each for each in self.world.place.messages("#exchange") if "parent_user_id" not in each]
        return [everything(each) for each in self.world.said("#exchange", roots[number]["ts"])]

    def show(self, days: float, *, issuer: str = "between", host: str = MX) -> None:
        """Has the mail server show another certificate, with so many days left from now on by the clock."""
        age = (self.now - datetime.now(UTC)) / DAY
        lab = authorities()
        made = getattr(lab, issuer).issue(Wish(named(host), hosts=(host,), days=days + age))
        self.lab.smtp.tls = Served((made.der, getattr(lab, issuer).der), made.key).ssl_context(self.folder)


@pytest.fixture
async def watched(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(limits, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(limits, "_PER_ASKER", 1000)
    monkeypatch.setattr(limits, "_PER_TARGET", 1000)
    async with domain(tmp_path) as lab:
        world.environ.update(lab.environ)
        yield Watched(world, lab, tmp_path)
