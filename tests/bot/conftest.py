"""The real bot on a real PostgreSQL, in the playground as its Slack. One server per run, a fresh database per test."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
import pytest

from bot.app import Bot, running, system_clock
from bot.database.embedded import Embedded
from bot.jobs import Pace
from bot.oncall.deciding import Clock
from bot.playground.server import Playground
from bot.settings import Settings, load
from tests.bot.wiring import environment, fresh_database, playing, start_server

EMPTY = pytest.mark.parametrize("template", ["template1"])
QUICK = Pace(heartbeat=1.0, backoff=0.1, busy=0.05, stop=2.0, straggler=0.2, slack={})


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    """Not in pytest's own folder: when root runs the tests, PostgreSQL runs as another user, whom every start of
    pytest locks out of there."""
    with tempfile.TemporaryDirectory(prefix="mailflow-tests-") as folder:
        embedded = start_server(Path(folder))
        yield embedded
        embedded.stop()


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for a server of the test's own, elsewhere for the same reason."""
    with tempfile.TemporaryDirectory(prefix="mailflow-tests-") as folder:
        yield Path(folder)


@pytest.fixture
def template() -> str:
    """What the test's database is a copy of. EMPTY gives it one without our tables."""
    return "migrated"


@pytest.fixture
async def database_url(server: Embedded, template: str) -> AsyncIterator[str]:
    async with fresh_database(server, template) as url:
        yield url


@pytest.fixture
async def place() -> AsyncIterator[Playground]:
    async with playing(0.2, 0.5, 5.0) as place:
        yield place


@dataclass
class World:
    """A workspace, a database, and the means to run bots on them."""

    place: Playground
    environ: dict[str, str]

    def settings(self, **more: str) -> Settings:
        return load({**self.environ, **more}, dotenv=Path("none.env"))

    @asynccontextmanager
    async def bot(
        self,
        mode: Mapping[str, str] = MappingProxyType({}),
        *,
        pace: Pace = QUICK,
        clock: Clock = system_clock,
        **more: str,
    ) -> AsyncIterator[Bot]:
        settings = self.settings(**mode, **more)
        async with running(settings, pace=pace, clock=clock) as bot:
            self.place.request_url = f"{bot.server.url}/slack/events" if settings.mode == "http" else None
            yield bot

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.environ["DATABASE_URL"])
        try:
            return [dict(row) for row in await connection.fetch(query, *args)]
        finally:
            await connection.close()

    def said(self, channel: str, ts: str) -> list[dict[str, Any]]:
        """The bot's messages in a thread."""
        return [message for message in self.place.thread(channel, ts)[1:] if message.get("bot_id") == "B0MAILFLOW"]

    def answers(self, channel: str, ts: str) -> list[dict[str, Any]]:
        """Its answers, without the files that hold what did not fit into them."""
        return [message for message in self.said(channel, ts) if not message.get("files")]

    def attached(self, channel: str, ts: str) -> list[dict[str, Any]]:
        return [file for message in self.said(channel, ts) for file in message.get("files", [])]

    async def answer(self, channel: str, ts: str, count: int = 1) -> str:
        """Everything that the newest of `count` answers says."""
        said = await self.place.wait_for(lambda: (found := self.answers(channel, ts))[count - 1 :] and found, 10)
        return everything(said[count - 1])

    def card(self, channel: str, ts: str) -> str:
        """Everything that a thread's card says."""
        return everything(self.answers(channel, ts)[0])

    async def drawn(self) -> None:
        """Returns when every card shows what is on record, and nothing else is left to be said."""
        async with asyncio.timeout(15):
            while True:
                if not await self.rows("select 1 from page where state in ('planned', 'sending')"):
                    return
                await asyncio.sleep(0.02)

    async def settled(self, count: int = 1) -> None:
        """Returns when at least `count` deliveries were stored and every one was dealt with."""
        async with asyncio.timeout(15):
            while True:
                [stored] = await self.rows("select count(*) as all, count(done_at) as done from delivery")
                if stored["all"] == stored["done"] >= count:
                    return
                await asyncio.sleep(0.02)


def everything(message: dict[str, Any]) -> str:
    """All text of a message: the plain one and that of its blocks."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("text", "url") and isinstance(inner, str):
                    yield inner
                else:
                    yield from texts(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner)

    return "\n".join([str(message.get("text") or ""), *texts(message.get("blocks") or [])])


@pytest.fixture
def world(place: Playground, database_url: str, tmp_path: Path) -> World:
    settings = environment(place, tmp_path, DATABASE_URL=database_url)
    settings["MAILFLOW_STORM_MINUTES"] = "0"  # most tests paste the same failure into several threads
    return World(place, settings)


@pytest.fixture(params=["http", "socket"])
def mode(request: pytest.FixtureRequest) -> dict[str, str]:
    """Both ways in which Slack reaches the bot, as settings."""
    return {"SLACK_APP_TOKEN": "xapp-test"} if request.param == "socket" else {}
