"""Brings a database to the current schema. Safe to run from several processes at once."""

from __future__ import annotations

import importlib.metadata
from importlib.resources import files

import asyncpg  # type: ignore[import-untyped]  # it ships no type information
from pgqueuer.queries import Queries

_LOCK = 5_320_117  # any number, as long as it stays the same: it names the advisory lock of this schema
_PATIENCE = 3600.0  # seconds for one migration, and for another process that is at it


async def migrate(connection: asyncpg.Connection) -> list[str]:
    """Runs what has not run yet, and returns its names. The queue's own tables are installed and upgraded by the queue's
    library. Whoever comes second waits for the first."""
    await connection.execute("select pg_advisory_lock($1)", _LOCK, timeout=_PATIENCE)
    try:
        await connection.execute(
            "create table if not exists migration (name text primary key, run_at timestamptz not null default now())"
        )
        missing = await pending(connection)
        for name, script in _scripts():
            if name in missing:
                async with connection.transaction():
                    await connection.execute(script, timeout=_PATIENCE)
                    await _record(connection, name)
        if _queue_name() in missing:
            await _queue(connection)
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)
    return missing


async def pending(connection: asyncpg.Connection) -> list[str]:
    """The names of what has not run yet, in its order. Changes nothing."""
    done: set[str] = set()
    if await connection.fetchval("select to_regclass('migration') is not null"):
        done = {row["name"] for row in await connection.fetch("select name from migration")}
    return [name for name in names() if name not in done]


def names() -> list[str]:
    """All migrations of this version, in their order; the queue's own come last."""
    return [*(name for name, _ in _scripts()), _queue_name()]


def _scripts() -> list[tuple[str, str]]:
    folder = files("bot.database.migrations")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in found)


def _queue_name() -> str:
    return f"pgqueuer {importlib.metadata.version('pgqueuer')}"


async def _queue(connection: asyncpg.Connection) -> None:
    queries = Queries.from_asyncpg_connection(connection)
    if await queries.schema_is_installed():
        await queries.upgrade()  # commits statement by statement, so it must not run inside a transaction
        await _record(connection, _queue_name())
    else:
        async with connection.transaction():
            await queries.install()
            await _record(connection, _queue_name())


async def _record(connection: asyncpg.Connection, name: str) -> None:
    await connection.execute("insert into migration (name) values ($1)", name)
