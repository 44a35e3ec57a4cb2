"""Socket Mode, as slack_sdk's own client speaks it."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.conftest import IMPATIENT
from tests.playground.tiny_bot import APP_TOKEN, TinyBot


@pytest.fixture
async def connected(playground):
    tiny_bot = TinyBot(playground.api_url)
    await tiny_bot.connect()
    await playground.wait_for(lambda: playground.sockets.count == 1)
    yield tiny_bot
    await tiny_bot.stop()


async def test_events_commands_and_clicks(playground, connected):
    ts = await playground.post("sam", "#exchange", "an error")
    thread = await playground.wait_for(lambda: (t := playground.thread("#exchange", ts))[1:] and t)
    done = await playground.click("sam", thread[1]["ts"], "helped")
    assert done.transport == "socket"
    assert done.acknowledged
    await playground.command("sam", "#exchange", "/mailflow", "explain 4.4.7")
    assert [m["text"] for m in playground.ephemerals("sam")] == ["On it"]
    await playground.wait_for(lambda: "explain 4.4.7: for all" in [m["text"] for m in playground.messages("#exchange")])


async def test_a_view_submission_answers_in_its_acknowledgement(playground, connected):
    await playground.command("sam", "#exchange", "/mailflow", "open")
    await playground.wait_for(lambda: playground.modals("sam"))
    await playground.submit_view("sam", {"text": "bad"})
    assert playground.modals("sam")[-1]["errors"] == {"log": "That is no log."}


async def test_several_connections_share_the_envelopes(playground, connected):
    second = TinyBot(playground.api_url)
    await second.connect()
    await playground.wait_for(lambda: playground.sockets.count == 2)
    for number in range(4):
        await playground.post("sam", "#exchange", f"ping {number}")
    await playground.wait_for(lambda: len(connected.seen) + len(second.seen) == 4)
    assert connected.seen
    assert second.seen
    await second.stop()


@pytest.mark.parametrize("playground", [IMPATIENT], indirect=True)
async def test_an_envelope_that_nobody_acknowledges_comes_again(playground):
    await playground.post("sam", "#exchange", "ping")
    await playground.wait_for(lambda: playground.deliveries)  # nobody is connected yet
    late = TinyBot(playground.api_url)
    await late.connect()
    await playground.wait_for(lambda: late.seen)
    await playground.wait_for(lambda: playground.deliveries[-1].acknowledged)
    assert playground.deliveries[0].error == "http_timeout"
    assert playground.deliveries[-1].retry_num >= 1
    await late.stop()


async def test_after_a_refresh_the_client_comes_back(playground, connected):
    await playground.sockets.refresh()
    await playground.wait_for(lambda: playground.sockets.count == 1)
    await playground.post("sam", "#exchange", "ping again")
    await playground.wait_for(lambda: connected.seen)


async def test_a_ticket_opens_one_connection_and_needs_the_app_token(playground):
    client = AsyncWebClient(token=APP_TOKEN, base_url=playground.api_url)
    url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    assert url.startswith("ws://127.0.0.1:")
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.auth_test()
