"""A bot as somebody installs it: a process with a database of its own, reached over HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import running
from bot.playground.server import Playground
from bot.settings import load
from tests.bot.wiring import environment


@asynccontextmanager
async def serving(place: Playground, **more: str) -> AsyncIterator[None]:
    """Runs a bot in a workspace, with `more` settings."""
    with tempfile.TemporaryDirectory(prefix="mailflow-bench-") as folder:
        home = Path(folder)
        async with running(load(environment(place, home, **more), home / "none.env")) as bot:
            place.request_url = f"{bot.server.url}/slack/events"
            yield
