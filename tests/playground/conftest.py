"""A playground with a tiny bot of the very kind that it is made for: a real slack-bolt AsyncApp."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.playground import Playground, Timings
from tests.playground.tiny_bot import APP_TOKEN, BOT_TOKEN, SECRET, TinyBot

NORMAL = Timings(retry_delays=(0.0, 0.05, 0.1))
IMPATIENT = Timings(acknowledge=0.5, retry_delays=(0.0, 0.05, 0.1))


@pytest.fixture
async def playground(request: pytest.FixtureRequest) -> AsyncIterator[Playground]:
    """A workspace nobody has joined yet. An indirect parameter gives it other timings."""
    timings = getattr(request, "param", NORMAL)
    playground = Playground(
        bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SECRET, request_url=None, timings=timings
    )
    await playground.start()
    yield playground
    await playground.stop()


@pytest.fixture
async def tiny_bot(playground: Playground) -> AsyncIterator[TinyBot]:
    """The tiny bot, reached over signed HTTP."""
    tiny_bot = TinyBot(playground.api_url)
    playground.request_url = await tiny_bot.serve()
    yield tiny_bot
    await tiny_bot.stop()
