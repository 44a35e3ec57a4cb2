"""Where everything that must not be lost is kept: PostgreSQL, a server of the operator's or the embedded one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database.embedded import Embedded, StartError
from bot.database.schema import migrate, pending
from bot.database.sealing import Seal, WrongKeyError, stored_key
from bot.settings import Settings

__all__ = ["Database", "Seal", "StartError", "WrongKeyError", "open_database"]

NAME = "mailflow"  # the database within the embedded server
_PROOF = "mailflow"


@dataclass(frozen=True)
class Database:
    """An open database at the current schema, and the seal for what is stored in it."""

    url: str
    pool: asyncpg.Pool
    seal: Seal


@asynccontextmanager
async def open_database(
    settings: Settings,
    *,
    name: str = NAME,
    throwaway: bool = False,
    on_query: Callable[[Any], None] | None = None,
) -> AsyncIterator[Database]:
    """Opens, and creates what is missing. A `throwaway` database is the embedded server's, named `kind_number`, and
    dropped at the end, together with those that killed processes left behind. `on_query` is told of every statement.

    Raises StartError, one sentence for a person, when there is no server or the key is not the one in use.
    """
    if settings.database_url and not throwaway:
        url = settings.database_url.get_secret_value()
        async with _opened(url, settings, on_query) as database:
            yield database
        return
    if throwaway:  # nobody else can bring it up to date
        settings = settings.model_copy(update={"migrate_at_start": True})
    server = await asyncio.to_thread(Embedded, settings.home)
    try:
        await _create(server.uri("postgres"), name)
        async with _opened(server.uri(name), settings, on_query) as database:
            yield database
        if throwaway:
            await _drop(server.uri("postgres"), name.partition("_")[0])
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _opened(
    url: str, settings: Settings, on_query: Callable[[Any], None] | None = None
) -> AsyncIterator[Database]:
    async def listen(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(on_query)

    try:
        init = listen if on_query else None
        pool = await asyncpg.create_pool(url, min_size=2, max_size=16, command_timeout=60, init=init)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ValueError) as error:
        raise StartError(
            f"The database does not let us in ({type(error).__name__}); check DATABASE_URL and that its server runs."
        ) from error
    try:
        async with pool.acquire() as connection:
            await _bring_up(connection, settings)
            seal = await _fitting_seal(connection, settings)
        yield Database(url, pool, seal)
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=5)
        except TimeoutError:
            pool.terminate()


async def _bring_up(connection: asyncpg.Connection, settings: Settings) -> None:
    if settings.migrate_at_start:
        await migrate(connection)
    elif missing := await pending(connection):
        raise StartError(
            f"The database lacks {len(missing)} migrations, and MAILFLOW_MIGRATE_AT_START is off: run `mailflow migrate`."
        )


async def _fitting_seal(connection: asyncpg.Connection, settings: Settings) -> Seal:
    """Refuses a key that cannot read what is stored, before anything is written with it."""
    keys = settings.secret_key.get_secret_value() if settings.secret_key else stored_key(settings.home)
    try:
        seal = Seal(keys)
    except ValueError:
        raise StartError(f"{settings.home / 'secret.key'} does not hold a key; restore it from your backup.") from None
    await connection.execute("insert into seal (proof) values ($1) on conflict do nothing", seal.close(_PROOF))
    try:
        seal.open(await connection.fetchval("select proof from seal"))
    except WrongKeyError:
        raise StartError(
            "The key cannot read what is stored in this database. Set MAILFLOW_SECRET_KEY to the key that wrote it, "
            "or put the secret.key file of that time back into MAILFLOW_HOME."
        ) from None
    return seal


async def _create(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", name):
            await connection.execute(f'create database "{name}"')
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        pass  # another process that starts at this moment was faster
    finally:
        await connection.close()


async def _drop(url: str, kind: str) -> None:
    """Drops every database of this kind that nobody is connected to."""
    connection = await asyncpg.connect(url)
    try:
        unused = await connection.fetch(
            "select datname from pg_database where starts_with(datname, $1) "
            "and not exists (select from pg_stat_activity where pg_stat_activity.datname = pg_database.datname)",
            f"{kind}_",
        )
        for row in unused:
            with suppress(asyncpg.ObjectInUseError, asyncpg.InvalidCatalogNameError):
                await connection.execute(f'drop database "{row["datname"]}"')
    finally:
        await connection.close()
