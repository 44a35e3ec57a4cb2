"""From a paste to its posted answer, through the wire, the database and the jobs."""

from __future__ import annotations

import secrets
import statistics
import time

from bot.playground.server import Playground
from tests.bench.serving import serving
from tests.bot.pastes import FAILING
from tests.bot.wiring import playing

PASTES = 100


async def main() -> dict[str, float]:
    """Milliseconds from posting a paste until its answer stands in the thread, one paste at a time."""
    async with playing() as place, serving(place):
        took = [await _one(place) for _ in range(PASTES + 1)]
    warm = sorted(took[1:])
    return {
        "paste to answer, median (ms)": statistics.median(warm),
        "paste to answer, p99 (ms)": warm[int(len(warm) * 0.99) - 1],
        "paste to answer, first after start (ms)": took[0],
    }


async def _one(place: Playground) -> float:
    # Each in a channel of its own: within one, we keep to Slack's one message a second, and that would be measured.
    channel = place.workspace.open_channel(f"bench-{secrets.token_hex(4)}").id
    paste = FAILING.replace("08DE2A6B91C0F4", f"08DE2A6B91{secrets.token_hex(2)}".upper())
    started = time.perf_counter()
    ts = await place.post("alex", channel, paste)
    await place.wait_for(lambda: len(place.thread(channel, ts)) > 1, 30)
    return (time.perf_counter() - started) * 1000
