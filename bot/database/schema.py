"""Brings a database to the current schema. Safe to run from several processes at once."""

from __future__ import annotations

import importlib.metadata
from importlib.resources import files

import asyncpg  # type: ignore[import-untyped]  # it ships no type information
from pgqueuer.queries import Queries

_LOCK = 5_320_117  # any number, as long as it stays the same: it names the advisory lock of this schema


async def migrate(connection: asyncpg.Connection) -> None:
    """Runs what has not run yet. The queue's own tables are installed and upgraded by the queue's library."""
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(
            "create table if not exists migration (name text primary key, run_at timestamptz not null default now())"
        )
        done = {row["name"] for row in await connection.fetch("select name from migration")}
        for name, script in _scripts():
            if name not in done:
                async with connection.transaction():
                    await connection.execute(script)
                    await _record(connection, name)
        await _queue(connection, done)
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)


def _scripts() -> list[tuple[str, str]]:
    folder = files("bot.database.migrations")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in found)


async def _queue(connection: asyncpg.Connection, done: set[str]) -> None:
    name = f"pgqueuer {importlib.metadata.version('pgqueuer')}"
    if name in done:
        return
    queries = Queries.from_asyncpg_connection(connection)
    if await queries.schema_is_installed():
        await queries.upgrade()  # commits statement by statement, so it must not run inside a transaction
        await _record(connection, name)
    else:
        async with connection.transaction():
            await queries.install()
            await _record(connection, name)


async def _record(connection: asyncpg.Connection, name: str) -> None:
    await connection.execute("insert into migration (name) values ($1)", name)
