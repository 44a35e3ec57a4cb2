"""One bot in two workspaces, in which everything has the same name: people, channels, and the times of messages."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bot.app import Bot
from bot.playground.people import CONTOSO, Team
from bot.playground.server import Playground
from bot.playground.timings import Timings
from bot.playground.tokens import App
from tests.bot.conftest import World
from tests.bot.manifest import installed
from tests.fakes.slack import ManyWorkspaces
from tests.oncall.policies import NOON, TEXT

FABRIKAM = Team("T0FABRIKAM", "Fabrikam <b>", "fabrikam")
APP = App("1.2", "client-secret")
PUBLIC = "https://mailflow.example"


def a_place(team: Team, began: int) -> Playground:
    """`began` is where the times of messages count from, in seconds."""
    place = Playground(
        bot_token="",
        app_token="",
        signing_secret="secret",
        request_url=None,
        timings=Timings(retry_delays=(0.2, 0.5, 1.0)),
        manifest=installed(),
        team=team,
        app=APP,
    )
    place.workspace._last_ts = began * 1_000_000
    return place


@dataclass
class Page:
    """What a browser gets to see."""

    status: int
    text: str
    location: str = ""
    cookie: str = ""


@dataclass
class TwoWorlds:
    """`contoso` and `fabrikam` share the bot, the database and the address of Slack."""

    slack: ManyWorkspaces
    contoso: World
    fabrikam: World
    current: Bot | None = None

    @asynccontextmanager
    async def bot(self, **more: str) -> AsyncIterator[Bot]:
        """A bot that nobody has installed yet. For people on call it is NOON."""
        async with self.contoso.bot(clock=lambda: NOON, **more) as bot:
            self.fabrikam.place.request_url = self.contoso.place.request_url
            self.current = bot
            yield bot

    async def browse(self, path: str, cookie: str = "") -> Page:
        assert self.current
        url = path if path.startswith("http") else f"{self.current.server.url}{path}"
        headers = {"Cookie": cookie} if cookie else {}
        async with (
            aiohttp.ClientSession() as browser,
            browser.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            jar = SimpleCookie(answer.headers.get("Set-Cookie", ""))
            given = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
            return Page(answer.status, await answer.text(), answer.headers.get("Location", ""), given)

    async def agree(self, world: World) -> tuple[str, str]:
        """Somebody begins an installation and says yes at Slack: where they are sent back to, and their cookie."""
        self.slack.chosen = world.place
        begun = await self.browse("/slack/install")
        agreed = await self.browse(begun.location)
        back = urlsplit(agreed.location)
        assert f"{back.scheme}://{back.netloc}" == PUBLIC
        return f"{back.path}?{back.query}", begun.cookie

    async def install(self, *worlds: World) -> Page:
        page = Page(0, "")
        for world in worlds or (self.contoso, self.fabrikam):
            page = await self.browse(*await self.agree(world))
        return page

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        return await self.contoso.rows(query, *args)

    async def settled(self, count: int = 1) -> None:
        await self.contoso.settled(count)


@pytest.fixture
async def worlds(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TwoWorlds]:
    soon = int(time.time()) + 60
    places = [a_place(CONTOSO, soon), a_place(FABRIKAM, soon)]
    slack = ManyWorkspaces(places)
    await slack.start()
    environ = {
        "SLACK_CLIENT_ID": APP.client_id,
        "SLACK_CLIENT_SECRET": APP.client_secret,
        "SLACK_SIGNING_SECRET": "secret",
        "SLACK_API_URL": slack.api_url,
        "DATABASE_URL": database_url,
        "MAILFLOW_PUBLIC_URL": PUBLIC,
        "MAILFLOW_HOME": str(tmp_path),
        "MAILFLOW_PORT": "0",
        "MAILFLOW_SECRET_KEY": Fernet.generate_key().decode(),
    }
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):  # which Bolt reads by itself
        monkeypatch.setenv(name, environ[name])
    contoso, fabrikam = (World(place, environ) for place in places)
    yield TwoWorlds(slack, contoso, fabrikam)
    await slack.stop()


@pytest.fixture
def policy(tmp_path: Path) -> dict[str, str]:
    """Contoso's people are on call, jonas first."""
    file = tmp_path / "oncall.toml"
    file.write_text(f'team = "{CONTOSO.id}"\n{TEXT}')
    return {"MAILFLOW_ONCALL_FILE": str(file)}


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
