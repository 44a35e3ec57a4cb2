"""Where everything that must not be lost is kept: PostgreSQL, a server of the operator's or the embedded one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakSet

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database.embedded import DATA, Embedded, StartError
from bot.database.keys import opened_seal
from bot.database.marks import mark_anew
from bot.database.schema import migrate, pending
from bot.database.sealing import KEY_FILE, Masters, Seal, WrongKeyError, stored_key
from bot.settings import Settings

__all__ = [
    "NOTICED",
    "Database",
    "NothingYetError",
    "Seal",
    "StartError",
    "WrongKeyError",
    "bring_up",
    "connected",
    "masters_of",
    "open_database",
    "within",
]

Answer = TypeVar("Answer")

NAME = "mailflow"  # the database within the embedded server
_CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 60.0  # for one statement; a server that is gone may never say so
NOTICED = """
set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; set tcp_user_timeout = 25000
"""
"""Has the server notice within half a minute that this machine is gone. By its defaults it takes two hours, in which nobody else
gets the locks that were held from here."""
_NO_WAY_IN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ValueError)


@dataclass(frozen=True)
class Database:
    """An open database at the current schema, and the seal for what is stored in it."""

    url: str
    pool: asyncpg.Pool
    seal: Seal
    connections: WeakSet[asyncpg.Connection] = field(default_factory=WeakSet)

    def hang_up(self) -> None:
        """Gives up every connection of the pool, with what is asked over it. The next questions get new ones."""
        for connection in list(self.connections):
            connection.terminate()


async def within(seconds: float, asked: Coroutine[Any, Any, Answer]) -> Answer:
    """Raises TimeoutError after `seconds`. `asyncio.timeout` would then wait for the pool to give up the silent connection."""
    task = asyncio.create_task(asked)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()


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


class NothingYetError(Exception):
    """There is no database so far, and nobody asked to make one."""


@asynccontextmanager
async def connected(settings: Settings, *, create: bool) -> AsyncIterator[asyncpg.Connection]:
    """One connection to the database as it is: nothing is migrated, no key is needed. Raises StartError, and NothingYetError
    where the embedded server has no data; `create` makes them."""
    if settings.database_url:
        async with _connection(settings.database_url.get_secret_value()) as connection:
            yield connection
        return
    if not create and not (settings.home / DATA).exists():
        raise NothingYetError
    server = await asyncio.to_thread(Embedded, settings.home)
    try:
        await _create(server.uri("postgres"), NAME)
        async with _connection(server.uri(NAME)) as connection:
            yield connection
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT_SECONDS, command_timeout=COMMAND_SECONDS)
    except _NO_WAY_IN as error:
        raise _not_let_in(error) from error
    try:
        await connection.execute(NOTICED)
        yield connection
    finally:
        with suppress(*_NO_WAY_IN):
            await connection.close(timeout=5)


def _not_let_in(error: Exception) -> StartError:
    return StartError(
        f"The database does not let us in ({type(error).__name__}); check DATABASE_URL and that its server runs."
    )


@asynccontextmanager
async def _opened(
    url: str, settings: Settings, on_query: Callable[[Any], None] | None = None
) -> AsyncIterator[Database]:
    connections: WeakSet[asyncpg.Connection] = WeakSet()

    async def begin(connection: asyncpg.Connection) -> None:
        connections.add(connection)
        if on_query:
            connection.add_query_logger(on_query)
        await connection.execute(NOTICED)

    async def reset(connection: asyncpg.Connection) -> None:
        await connection.execute(f"{connection.get_reset_query()};\n{NOTICED}")

    try:
        pool = await asyncpg.create_pool(
            url, min_size=2, max_size=16, command_timeout=COMMAND_SECONDS, init=begin, reset=reset
        )
    except _NO_WAY_IN as error:
        raise _not_let_in(error) from error
    try:
        async with pool.acquire() as connection:
            if settings.migrate_at_start:
                await bring_up(connection)
            elif missing := await pending(connection):
                raise StartError(
                    f"The database lacks {len(missing)} migrations, and MAILFLOW_MIGRATE_AT_START is off: "
                    "run `mailflow migrate`."
                )
            seal = await _fitting_seal(connection, url, settings)
            await mark_anew(connection, seal)
        yield Database(url, pool, seal, connections)
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=5)
        except TimeoutError:
            pool.terminate()


async def bring_up(connection: asyncpg.Connection) -> list[str]:
    """Runs the migrations that are due; their names. Raises StartError when one fails: it leaves nothing behind."""
    try:
        return await migrate(connection)
    except (asyncpg.PostgresError, TimeoutError) as error:
        raise StartError(
            f"The database could not be brought up to date ({type(error).__name__}). "
            "The user in DATABASE_URL must be allowed to create tables; `mailflow doctor` says more."
        ) from error


async def _fitting_seal(connection: asyncpg.Connection, url: str, settings: Settings) -> Seal:
    """Refuses a key that cannot read what is stored, before anything is written with it."""
    try:
        return await opened_seal(connection, url, masters_of(settings))
    except WrongKeyError:
        raise StartError(
            "The key cannot read what is stored in this database. Set MAILFLOW_SECRET_KEY to the key that wrote it, "
            "or put the secret.key file of that time back into MAILFLOW_HOME. A new key goes in front of the old one, "
            "with a comma between them."
        ) from None


def masters_of(settings: Settings) -> Masters:
    """The master keys: of the setting, else of the file that it names, else those of MAILFLOW_HOME, made if need be.
    Raises StartError."""
    if settings.secret_key:
        return Masters(settings.secret_key.get_secret_value())
    path = settings.secret_key_file or settings.home / KEY_FILE
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
