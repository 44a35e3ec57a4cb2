"""Starting, listening, stopping; the playground as people start it; what the log says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.database import StartError
from bot.settings import SettingsError
from tests.bot.conftest import World
from tests.bot.pastes import FAILING


async def get(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status


async def test_health_and_readiness(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode) as bot:
        assert await get(f"{bot.server.url}/healthz") == 200
        assert await get(f"{bot.server.url}/readyz") == 200
        bot.ready = False
        assert await get(f"{bot.server.url}/readyz") == 503


async def test_a_request_that_slack_did_not_sign_is_refused(world: World) -> None:
    async with world.bot() as bot, aiohttp.ClientSession() as session:
        body = {
            "type": "event_callback",
            "event": {"type": "message", "channel": "C1", "ts": "1.0", "text": FAILING},
        }
        headers = {"X-Slack-Signature": "v0=0", "X-Slack-Request-Timestamp": "1"}
        async with session.post(f"{bot.server.url}/slack/events", json=body, headers=headers) as response:
            assert response.status == 401
        assert await world.rows("select 1 from delivery") == []


async def test_in_socket_mode_nobody_can_post_events(world: World) -> None:
    async with (
        world.bot(SLACK_APP_TOKEN="xapp-test") as bot,
        aiohttp.ClientSession() as session,
        session.post(f"{bot.server.url}/slack/events", json={}) as response,
    ):
        assert response.status == 404


async def test_a_refused_token_ends_the_start_with_a_sentence(world: World) -> None:
    with pytest.raises(StartError, match=r"Slack refused SLACK_BOT_TOKEN \(invalid_auth\)"):
        async with world.bot(SLACK_BOT_TOKEN="xoxb-wrong"):
            pass
    with pytest.raises(StartError, match=r"Slack refused SLACK_APP_TOKEN \(invalid_auth\)"):
        async with world.bot(SLACK_APP_TOKEN="xapp-wrong"):
            pass


async def test_half_a_configuration_does_not_start(world: World) -> None:
    with pytest.raises(SettingsError, match="SLACK_APP_TOKEN is not set"):
        async with world.bot(MAILFLOW_MODE="socket"):
            pass


async def test_a_taken_port_gives_a_sentence(world: World) -> None:
    async with world.bot() as bot:
        with pytest.raises(StartError, match="MAILFLOW_PORT"):
            async with world.bot(MAILFLOW_PORT=bot.server.url.rpartition(":")[2]):
                pass


async def test_a_slack_that_cannot_be_reached_yet_is_waited_for(world: World) -> None:
    world.place.fail_next("auth.test", status=500)
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)


START = """
import asyncio, sys
from pathlib import Path
from bot import app
from bot.settings import load
def announce(url):
    print(url, flush=True)
command = getattr(app, sys.argv[1])
arguments = (0,) if sys.argv[1] == "playground" else ()
asyncio.run(command(load(dotenv=Path("none.env")), *arguments, announce=announce))
"""


def clean_environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAILFLOW_", "SLACK_", "DATABASE_"))}
    return {**kept, **more}


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_the_playground_prints_its_address_first_and_a_signal_stops_everything(
    home: Path, sign: signal.Signals
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        START,
        "playground",
        env=clean_environment(MAILFLOW_HOME=str(home)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    url = (await asyncio.wait_for(child.stdout.readline(), 60)).decode().strip()
    assert url.startswith("http://127.0.0.1:")
    assert await get(url) == 200
    assert (home / "postgres" / "postmaster.pid").exists()
    child.send_signal(sign)
    _, errors = await asyncio.wait_for(child.communicate(), 30)
    assert child.returncode == 0, errors.decode()
    assert b"Traceback" not in errors
    assert not (home / "postgres" / "postmaster.pid").exists()


async def test_log_lines_are_json_name_the_delivery_and_hold_nothing_pasted(world: World, home: Path) -> None:
    world.environ["MAILFLOW_LOG_LEVEL"] = "DEBUG"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        START,
        "serve",
        env=clean_environment(**world.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    url = (await asyncio.wait_for(child.stdout.readline(), 60)).decode().strip()
    world.place.request_url = f"{url}/slack/events"
    async with asyncio.timeout(60):
        while await get(f"{url}/readyz") != 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)
    world.place.fail_next("chat.postMessage", error="invalid_blocks")
    ts = await world.place.post("alex", "#exchange", FAILING)
    await world.answer("#exchange", ts)
    world.place.fail_next("chat.postMessage", count=2, error="restricted_action")
    await world.place.post("alex", "#exchange", FAILING)
    await world.settled(2)
    child.terminate()
    _, errors = await asyncio.wait_for(child.communicate(), 30)
    lines = [json.loads(line) for line in errors.decode().splitlines()]
    [delivery] = await world.rows("select id from delivery where outcome = 'answered'")
    events = [line["event"] for line in lines if line.get("delivery") == str(delivery["id"])]
    assert events[0] == "stored"
    assert events[-1] == "answered"
    assert "Slack was called" in events
    assert [line for line in lines if line.get("reason") == "Slack: restricted_action"]
    for secret in (b"contoso", b"3C0FFEE1A2B3C4", b"UnknownCredentials", b"xoxb-test", b"Outbound"):
        assert secret not in errors
