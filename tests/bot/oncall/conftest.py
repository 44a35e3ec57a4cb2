"""A bot with an on-call file, and a clock that tests set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING
from tests.oncall.policies import NOON, TEXT

MINUTES = timedelta(minutes=1)


class WatchedClock:
    """Stands still until a test sets it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def pings(message: dict[str, Any]) -> set[str]:
    """Whom a message pings: by its text (for notifications) and by its blocks."""

    def users(value: Any) -> set[str]:
        if isinstance(value, dict):
            return ({value["user_id"]} if value.get("type") == "user" else set()).union(*map(users, value.values()))
        return set().union(*map(users, value)) if isinstance(value, list) else set()

    words = str(message.get("text") or "").replace("<@", " <@").split()
    return users(message.get("blocks")) | {word[2:].rstrip(">") for word in words if word.startswith("<@")}


@dataclass
class OnCallWorld:
    """A world with people on call in it. On NOON, jonas is on call by the rota `exchange`; see policies.TEXT."""

    world: World
    file: Path
    clock: WatchedClock = field(default_factory=WatchedClock)
    current: Bot | None = None

    def policy(self, text: str) -> None:
        self.file.write_text(text)

    @asynccontextmanager
    async def bot(self, **more: str) -> AsyncIterator[Bot]:
        async with self.world.bot(clock=self.clock, MAILFLOW_ONCALL_FILE=str(self.file), **more) as bot:
            self.current = bot
            yield bot

    async def case(self, who: str = "alex", text: str = FAILING) -> str:
        """A case that is answered; its ts."""
        ts = await self.world.place.post(who, "#exchange", text)
        await self.world.answer("#exchange", ts)
        await self.world.settled()
        return ts

    async def say(self, ts: str, text: str, who: str = "alex") -> None:
        await self.post(ts, f"@Mailflow {text}", who)

    async def post(self, ts: str, text: str, who: str = "alex") -> None:
        """Says something in a case's thread; returns when it was dealt with."""
        before = len(await self.world.rows("select 1 from delivery"))
        await self.world.place.post(who, "#exchange", text, thread_ts=ts)
        await self.world.settled(before + 1)
        await self.quiet()

    async def wait(self, time: timedelta) -> None:
        """Lets time pass, timer by timer as they come due."""
        until = self.clock.now + time
        while True:
            await self.quiet()
            [row] = await self.world.rows("select min(due_at) as due from timer")
            if row["due"] is None or row["due"] > until:
                break
            self.clock.now = max(self.clock.now, row["due"])
            await self.look()
        self.clock.now = until
        await self.look()

    async def look(self) -> None:
        """What the sweep does every minute; then until there is nothing left to do."""
        assert self.current
        assert self.current.escalations
        await self.current.escalations.rescue()
        await self.quiet()

    async def quiet(self) -> None:
        """Returns when no page is open and no timer due."""
        async with asyncio.timeout(20):
            while True:
                busy = await self.world.rows(
                    "select 1 from page where state in ('planned', 'sending') "
                    "union all select 1 from timer where due_at <= $1",
                    self.clock.now,
                )
                if not busy:
                    return
                await asyncio.sleep(0.02)

    def pages(self) -> list[str]:
        """Who got direct messages, in their order."""
        return [str(call.args["users"]) for call in self._posts()]

    def _posts(self) -> list[Any]:
        sent: list[Any] = []
        opened: dict[str, Any] = {}
        for call in self.world.place.calls:
            if call.method == "conversations.open" and not call.error and call.status == 200:
                opened[call.result["channel"]["id"]] = call
            if call.method == "chat.postMessage" and not call.error and call.status == 200:
                channel = call.result["channel"]
                if channel in opened:
                    sent.append(opened[channel])
        return sent

    def notes(self, ts: str) -> list[str]:
        """What the bot said in a case's thread beside its answer."""
        return [everything(said) for said in self.world.answers("#exchange", ts)][1:]

    def channel(self) -> list[str]:
        return [everything(message) for message in self.world.place.messages("#on-call")]

    async def until(self, true: Callable[[], Any]) -> None:
        await self.world.place.wait_for(true, 20)


@pytest.fixture
def oncall(world: World, tmp_path: Path) -> OnCallWorld:
    file = tmp_path / "oncall.toml"
    file.write_text(TEXT)
    return OnCallWorld(world, file)
