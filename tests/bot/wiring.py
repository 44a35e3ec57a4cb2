"""What a bot runs on in tests, under chaos and in benchmarks: a playground, a database, and the settings that lead it there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from cryptography.fernet import Fernet

from bot.database import bring_up
from bot.database.embedded import Embedded
from bot.playground.server import Playground
from bot.playground.timings import Timings
from tests.bot.manifest import installed


@asynccontextmanager
async def playing(*retry_delays: float) -> AsyncIterator[Playground]:
    """A workspace in which the bot is installed. `retry_delays` as in Timings."""
    place = Playground(
        bot_token="xoxb-test",
        app_token="xapp-test",
        signing_secret="secret",
        request_url=None,
        timings=Timings(retry_delays=retry_delays) if retry_delays else None,
        manifest=installed(),
    )
    await place.start()
    try:
        yield place
    finally:
        await place.stop()


def start_server(folder: Path) -> Embedded:
    """A server that may lose what it holds with the machine, and its database "migrated" to copy: who kills bots leaves it alone.

    Half of what a test of a bot takes was the migrations of its database, and waiting for the disk."""

    async def prepare() -> None:
        admin = await asyncpg.connect(server.uri("postgres"))
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            await admin.execute(f"alter system set {setting} = off")
        await admin.execute("select pg_reload_conf()")
        await admin.execute("create database migrated")
        await admin.close()
        connection = await asyncpg.connect(server.uri("migrated"))
        await bring_up(connection)
        await connection.close()

    server = Embedded(folder)
    asyncio.run(prepare())
    return server


@asynccontextmanager
async def fresh_database(server: Embedded, template: str = "template1") -> AsyncIterator[str]:
    """A copy of the template until it is left, empty by default; its URL."""
    name = f"test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(server.uri("postgres"))
    await admin.execute(f'create database "{name}" template "{template}"')
    try:
        yield server.uri(name)
    finally:
        await admin.execute(f'drop database "{name}" with (force)')
        await admin.close()


def environment(place: Playground, home: Path, **more: str) -> dict[str, str]:
    """The settings of a bot of this workspace that keeps its files in `home`."""
    return {
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_SIGNING_SECRET": "secret",
        "SLACK_API_URL": place.api_url,
        "MAILFLOW_HOME": str(home),
        "MAILFLOW_PORT": "0",
        "MAILFLOW_SECRET_KEY": Fernet.generate_key().decode(),
        **more,
    }
