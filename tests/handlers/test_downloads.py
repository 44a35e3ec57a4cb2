"""The bot's token goes to Slack's own hosts and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from handlers.files import SlackFiles
from handlers.ports.files import FileRefusedError, SlackFile
from tests.fakes.loopback import on_loopback


@dataclass
class Store:
    """A host that keeps files, and notes who asked with which token."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Authorization", "")))
        kind = request.path.rpartition("/")[2]
        if kind == "away":
            raise web.HTTPFound("http://127.0.0.2:1/steal")
        if kind == "login":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        if kind == "broken":
            return web.Response(status=502)
        if kind == "gone":
            return web.Response(status=404)
        return web.Response(body=b"x" * 1000)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store()
    app = web.Application()
    app.router.add_get("/{rest:.*}", store.answer)
    async with on_loopback(app) as store.url:
        yield store


async def slack(team: str) -> AsyncWebClient:
    return AsyncWebClient(token={"T1": "xoxb-1"}[team])


@pytest.fixture
async def files(store: Store) -> AsyncIterator[SlackFiles]:
    async with aiohttp.ClientSession() as session:
        yield SlackFiles(session, slack, api_url=f"{store.url}/api/", most_bytes=1000)


async def test_a_file_is_fetched_with_the_token(store: Store, files: SlackFiles) -> None:
    assert len(await files.fetch("T1", SlackFile("F1", "a.log", f"{store.url}/file"))) == 1000
    assert store.asked == [("/file", "Bearer xoxb-1")]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files.slack.com/a",
        "https://files.slack.com.evil.example/a",
        "https://evilslack.com/a",
        "http://files.slack.com/a",
        "https://files.slack.com:8443/a",
        "https://files.slack.com@evil.example/a",
        "file:///etc/passwd",
        "http://127.0.0.1:9/a",
        "",
    ],
)
async def test_other_hosts_are_not_even_asked(files: SlackFiles, url: str) -> None:
    with pytest.raises(FileRefusedError, match="not stored in Slack"):
        await files.fetch("T1", SlackFile("F1", "a.log", url))


@pytest.mark.parametrize(
    ("kind", "sentence"), [("away", "did not give me"), ("login", "files:read"), ("gone", "did not give me")]
)
async def test_redirects_and_login_pages_are_refused(store: Store, files: SlackFiles, kind: str, sentence: str) -> None:
    with pytest.raises(FileRefusedError, match=sentence):
        await files.fetch("T1", SlackFile("F1", "a.log", f"{store.url}/{kind}"))
    assert len(store.asked) == 1


async def test_a_server_error_is_for_another_try(store: Store, files: SlackFiles) -> None:
    with pytest.raises(aiohttp.ClientResponseError):
        await files.fetch("T1", SlackFile("F1", "a.log", f"{store.url}/broken"))


async def test_the_cap_holds_whatever_size_was_announced(store: Store) -> None:
    async with aiohttp.ClientSession() as session:
        files = SlackFiles(session, slack, api_url=f"{store.url}/api/", most_bytes=999)
        with pytest.raises(FileRefusedError, match="larger than"):
            await files.fetch("T1", SlackFile("F1", "a.log", f"{store.url}/file", size=1))
        with pytest.raises(FileRefusedError, match="larger than"):
            await files.fetch("T1", SlackFile("F1", "a.log", f"{store.url}/file", size=1001))
    assert len(store.asked) == 1
