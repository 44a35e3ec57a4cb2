"""Where everything that must not be lost is kept: PostgreSQL, a server of the operator's or the embedded one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database.embedded import Embedded, StartError
from bot.database.keys import opened_seal
from bot.database.schema import migrate
from bot.database.sealing import Masters, Seal, WrongKeyError, stored_key
from bot.settings import Settings

__all__ = ["Database", "Seal", "StartError", "WrongKeyError", "open_database"]

NAME = "mailflow"  # the database within the embedded server


@dataclass(frozen=True)
class Database:
    """An open database at the current schema, and the seal for what is stored in it."""

    url: str
    pool: asyncpg.Pool
    seal: Seal


@asynccontextmanager
async def open_database(settings: Settings, *, name: str = NAME, throwaway: bool = False) -> AsyncIterator[Database]:
    """Opens, and creates what is missing. A `throwaway` database is the embedded server's, named `kind_number`, and
    dropped at the end, together with those that killed processes left behind.

    Raises StartError, one sentence for a person, when there is no server or the key is not the one in use.
    """
    if settings.database_url and not throwaway:
        url = settings.database_url.get_secret_value()
        async with _opened(url, settings) as database:
            yield database
        return
    server = await asyncio.to_thread(Embedded, settings.home)
    try:
        await _create(server.uri("postgres"), name)
        async with _opened(server.uri(name), settings) as database:
            yield database
        if throwaway:
            await _drop(server.uri("postgres"), name.partition("_")[0])
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _opened(url: str, settings: Settings) -> AsyncIterator[Database]:
    try:
        pool = await asyncpg.create_pool(url, min_size=2, max_size=16, command_timeout=60)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ValueError) as error:
        raise StartError(
            f"The database does not let us in ({type(error).__name__}); check DATABASE_URL and that its server runs."
        ) from error
    try:
        async with pool.acquire() as connection:
            await migrate(connection)
            seal = await _fitting_seal(connection, pool, settings)
        yield Database(url, pool, seal)
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=5)
        except TimeoutError:
            pool.terminate()


async def _fitting_seal(connection: asyncpg.Connection, pool: asyncpg.Pool, settings: Settings) -> Seal:
    """Refuses a key that cannot read what is stored, before anything is written with it."""
    try:
        return await opened_seal(connection, pool, _masters(settings))
    except WrongKeyError:
        raise StartError(
            "The key cannot read what is stored in this database. Set MAILFLOW_SECRET_KEY to the key that wrote it, "
            "or put the secret.key file of that time back into MAILFLOW_HOME. A new key goes in front of the old one, "
            "with a comma between them."
        ) from None


def _masters(settings: Settings) -> Masters:
    """The master keys: of the setting, else of the file that it names, else those of MAILFLOW_HOME."""
    if settings.secret_key:
        return Masters(settings.secret_key.get_secret_value())
    path = settings.secret_key_file or settings.home / "secret.key"
    try:
        return Masters(path.read_text(encoding="ascii") if settings.secret_key_file else stored_key(settings.home))
    except OSError as error:
        raise StartError(f"{path} cannot be read ({error.strerror}); it has to hold the key.") from None
    except ValueError:
        raise StartError(
            f"{path} does not hold a key, which is 32 bytes in URL-safe base64; restore it from your backup."
        ) from None


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
