"""Requests that Slack did not make, or made once before, and places to answer at that are not Slack's."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from bot.slack import client, respond
from bot.telemetry import Telemetry
from handlers.files import is_slack
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.fakes.loopback import on_loopback

FORM = "application/x-www-form-urlencoded"


def event(text: str = FAILING) -> str:
    said = {
        "type": "message",
        "channel": "C0EXCHANGE",
        "channel_type": "channel",
        "user": "U0ALEX",
        "ts": "5.1",
        "text": text,
    }
    return json.dumps({"type": "event_callback", "event_id": "Ev1", "team_id": "T0CONTOSO", "event": said})


def signed(body: str, secret: str = "secret", *, age: int = 0, kind: str = "application/json") -> dict[str, str]:
    stamp = str(int(time.time()) - age)
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}


async def send(url: str, body: str, headers: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as session, session.post(url, data=body.encode(), headers=headers) as answer:
        return answer.status


async def test_a_request_is_believed_only_with_its_own_fresh_signature(world: World) -> None:
    team = world.place.workspace.team.id
    body = event().replace("T0CONTOSO", team)
    async with world.bot() as bot:
        url = f"{bot.server.url}/slack/events"
        of_another = signed(body.replace("Outbound", "Inbound"))
        bare = {"Content-Type": "application/json"}
        future = signed(body, age=-900)
        for headers in (bare, signed(body, "guess"), signed(body, age=301), future, of_another):
            assert await send(url, body, headers) == 401
        assert await world.rows("select 1 from delivery") == []
        headers = signed(body)
        assert [await send(url, body, headers) for _ in range(3)] == [
            200
        ] * 3  # recorded, and replayed within its minutes
        assert len(await world.rows("select 1 from delivery")) == 1


async def test_a_command_counts_once(world: World, elsewhere: Elsewhere) -> None:
    """Also with its time written in another way: the signature covers it as it stands there."""
    command = {
        "command": "/mailflow",
        "text": "help",
        "team_id": world.place.workspace.team.id,
        "channel_id": "C0EXCHANGE",
    }
    body = urlencode({**command, "user_id": "U0ALEX", "trigger_id": "1.2.3", "response_url": elsewhere.url})
    async with world.bot() as bot:
        headers = signed(body, kind=FORM)
        url, stamp = f"{bot.server.url}/slack/events", "X-Slack-Request-Timestamp"
        assert [await send(url, body, headers) for _ in range(2)] == [200] * 2
        assert await send(url, body, {**headers, stamp: f"0{headers[stamp]}"}) == 401
        assert len(await world.rows("select 1 from delivery")) == 1


async def test_a_command_that_leads_elsewhere_is_answered_nowhere(world: World, elsewhere: Elsewhere) -> None:
    """Whoever has the signing secret still learns nothing: the answer of a private diagnosis holds what was pasted."""
    command = {
        "command": "/mailflow",
        "text": "explain 5.7.64",
        "team_id": world.place.workspace.team.id,
        "channel_id": "C0EXCHANGE",
        "user_id": "U0ALEX",
        "trigger_id": "1.2.3",
        "response_url": elsewhere.url,
    }
    body = urlencode(command)
    async with world.bot() as bot:
        assert await send(f"{bot.server.url}/slack/events", body, signed(body, kind=FORM)) == 200
        await world.settled()
    assert elsewhere.heard == []


@dataclass
class Elsewhere:
    """A host that is not Slack's, and listens."""

    url: str = ""
    heard: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.heard.append(await request.text())
        return web.Response(text="ok")


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    there = Elsewhere()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", there.answer)
    async with on_loopback(app) as url:
        there.url = f"{url}/commands/T1/1"
        yield there


async def test_an_answer_goes_to_slack_and_to_an_emulator_that_was_set(elsewhere: Elsewhere) -> None:
    said: dict[str, Any] = {"text": "for you alone"}
    async with aiohttp.ClientSession() as session:
        await respond(session, Telemetry(), "https://slack.com/api/", elsewhere.url, said)
        assert elsewhere.heard == []
        await respond(session, Telemetry(), elsewhere.url.replace("commands", "api"), elsewhere.url, said)
    assert [json.loads(text) for text in elsewhere.heard] == [said]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_nothing_that_goes_to_slack_is_led_elsewhere(world: World, elsewhere: Elsewhere, status: int) -> None:
    async def leading(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": elsewhere.url})

    app = web.Application()
    app.router.add_post("/{rest:.*}", leading)
    async with on_loopback(app) as url, aiohttp.ClientSession() as session:
        await respond(session, Telemetry(), f"{url}/api/", f"{url}/commands/T1/1", {"text": "for you alone"})
        slack = client(world.settings(SLACK_API_URL=f"{url}/api/"), session, Telemetry(), "xoxb-test")
        with pytest.raises(SlackApiError):
            await slack.chat_postMessage(channel="C1", text="for this channel")
    assert elsewhere.heard == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "http://hooks.slack.com/commands/T1/1",
        "https://hooks.slack.com:8443/commands/T1/1",
        "https://hooks.slack.com.evil.example/",
        "https://hooks.slack.com@evil.example/",
        "https://evil.example/hooks.slack.com",
        "https://evil.example#.slack.com",
        "https://evil.example\\.slack.com",
        "https://evilslack.com/",
        "https://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://hooks.slack.com/",
        "https://hooks.slack.com:99999/",
        "https://[hooks.slack.com",
        "https://\ud800.slack.com",
    ],
)
def test_what_is_not_slacks(url: str) -> None:
    assert not is_slack(url, "https://slack.com/api/")


def test_what_is_slacks() -> None:
    for url in ("https://hooks.slack.com/commands/T1/1", "https://files.slack.com/files-pri/T1-F1/a.log"):
        assert is_slack(url, "http://127.0.0.1:8080/api/")
    assert is_slack("http://127.0.0.1:8080/actions/T1/key", "http://127.0.0.1:8080/api/")
    assert not is_slack("http://127.0.0.1:8081/actions/T1/key", "http://127.0.0.1:8080/api/")
