"""From a paste to its posted answer, through the wire, the database and the jobs."""

from __future__ import annotations

import secrets
import statistics
import tempfile
import time
from pathlib import Path

from bot.app import running
from bot.playground.server import Playground
from bot.settings import load
from tests.bot.pastes import FAILING

PASTES = 100


async def main() -> dict[str, float]:
    """Milliseconds from posting a paste until its answer stands in the thread, one paste at a time."""
    place = Playground(bot_token="xoxb-bench", app_token="xapp-bench", signing_secret="bench", request_url=None)
    await place.start()
    try:
        with tempfile.TemporaryDirectory(prefix="mailflow-bench-") as home:
            environ = {
                "SLACK_BOT_TOKEN": "xoxb-bench",
                "SLACK_SIGNING_SECRET": "bench",
                "SLACK_API_URL": place.api_url,
                "MAILFLOW_HOME": home,
                "MAILFLOW_PORT": "0",
            }
            async with running(load(environ, Path(home) / "none.env")) as bot:
                place.request_url = f"{bot.server.url}/slack/events"
                took = [await _one(place) for _ in range(PASTES + 1)]
    finally:
        await place.stop()
    warm = sorted(took[1:])
    return {
        "paste to answer, median (ms)": statistics.median(warm),
        "paste to answer, p99 (ms)": warm[int(len(warm) * 0.99) - 1],
        "paste to answer, first after start (ms)": took[0],
    }


async def _one(place: Playground) -> float:
    paste = FAILING.replace("08DE2A6B91C0F4", f"08DE2A6B91{secrets.token_hex(2)}".upper())
    started = time.perf_counter()
    ts = await place.post("alex", "#exchange", paste)
    await place.wait_for(lambda: len(place.thread("#exchange", ts)) > 1, 30)
    return (time.perf_counter() - started) * 1000
