"""The data keys: made at the first start, checked at every start, rotated while the bot runs.

A data key is wrapped once for every master key in use, so processes with old and new settings read and write the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database.columns import SEALED, seal_anew
from bot.database.marks import mark_anew
from bot.database.sealing import Keys, Masters, Seal, WrongKeyError, new_key

_LOCK: Final = 5_320_118  # any number, as long as it stays the same: whoever changes data keys holds this advisory lock
_BATCH: Final = 500
_CONNECT: Final = 10.0  # seconds, and for what is asked then
_SETTLED: Final = "1 hour"  # for so long a process may still write with a key that was replaced; it looks each minute


class KeysInUseError(Exception):
    """Rotating now would lock out processes that have other master keys. `names` are those keys' names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__("other master keys are in use")
        self.names = names


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key as it is stored: `wrapped` by name of the master key; `values` counts what is sealed with it."""

    number: int
    created_at: datetime
    retired_at: datetime | None
    wrapped: Mapping[str, bytes]
    values: int = 0


async def opened_seal(connection: asyncpg.Connection, url: str, masters: Masters) -> Seal:
    """The seal of this database. Raises WrongKeyError when something stored can't be read with these master keys.

    A database that was never used takes any key. Masters that are new here can read everything from now on.
    """

    async def load() -> Keys:
        # On a connection of its own: whoever opens something may hold one of the pool, and so may all others.
        fresh = await asyncpg.connect(url, timeout=_CONNECT, command_timeout=_CONNECT)
        try:
            return _keys(masters, await fresh.fetch(_ALL))
        finally:
            await fresh.close()

    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        if not await fits(connection, masters):
            raise WrongKeyError
        if not await connection.fetch(_ALL):
            for purpose in ("seal", "mark"):
                await _add(connection, masters, purpose)
        rows = await connection.fetch(_ALL)
        keys = _keys(masters, rows)
        for row in rows:
            missing = [name for name in masters.names if name not in _wrapped(row)]
            await _wrap(connection, masters, row["id"], keys.opened[row["id"]], missing)
    return Seal(masters, keys, load)


async def used(connection: asyncpg.Connection) -> bool:
    """Whether there is a key already. The tables need not be there."""
    there = [
        name for name in ("seal", "data_key") if await connection.fetchval("select to_regclass($1) is not null", name)
    ]
    return any([await connection.fetchval(f"select exists (select from {name})") for name in there])  # noqa: S608 - names above


async def fits(connection: asyncpg.Connection, masters: Masters) -> bool:
    """Whether these master keys open everything that is stored; nothing is, where there is no key so far."""
    if not await used(connection):
        return True
    try:
        if (proof := await connection.fetchval("select proof from seal")) is not None:
            masters.open_old(proof)
    except WrongKeyError:
        return False
    if not await connection.fetchval("select to_regclass('data_key') is not null"):
        return True
    rows = await connection.fetch(_ALL)
    return len(_keys(masters, rows).opened) == len(rows)


async def rotate(connection: asyncpg.Connection, pool: asyncpg.Pool, seal: Seal, *, retire: bool) -> int:
    """Makes a new data key and seals everything with it; how many values that were. Others may read and write meanwhile.

    With `retire`, master keys that are not ours open nothing from now on. Raises KeysInUseError when there are such keys
    and `retire` is not set.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        others = tuple(name for name in await _masters(connection) if name not in seal.masters.names)
        if others and not retire:
            raise KeysInUseError(others)
        await connection.execute("delete from data_key_wrap where master <> all($1::text[])", list(seal.masters.names))
        await connection.execute("update data_key set retired_at = coalesce(retired_at, now()) where purpose = 'seal'")
        await _add(connection, seal.masters, "seal")
    await seal.refresh()
    return await seal_anew(pool, seal)


async def tidy(pool: asyncpg.Pool, seal: Seal) -> None:
    """Goes on with what a rotation, or a change of the way things are sealed, left to do; drops keys that nothing needs."""
    await seal.refresh()
    await mark_anew(pool, seal)
    waiting = await pool.fetchval(
        "select exists (select from seal) or exists (select from data_key where retired_at is not null)"
    )
    if not waiting or await seal_anew(pool, seal, _BATCH):
        return
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        if not await _old_values(connection):
            await connection.execute("delete from seal")
        for row in await connection.fetch(
            f"select id from data_key where retired_at < now() - interval '{_SETTLED}'"  # noqa: S608 - a constant of ours
        ):
            if not await _values(connection, row["id"]):
                await connection.execute("delete from data_key where id = $1", row["id"])


async def stored_keys(connection: asyncpg.Connection) -> tuple[list[DataKey], int]:
    """The data keys that seal, oldest first, and how many values are sealed in the way of before there were any."""
    rows = await connection.fetch(_ALL)
    found = [
        DataKey(row["id"], row["created_at"], row["retired_at"], _wrapped(row), await _values(connection, row["id"]))
        for row in rows
        if row["purpose"] == "seal"
    ]
    return found, await _old_values(connection)


_ALL: Final = (
    "select id, purpose, created_at, retired_at, "
    "array_agg(master) filter (where master is not null) as masters, "
    "array_agg(wrapped) filter (where master is not null) as wraps "
    "from data_key left join data_key_wrap on data_key = id group by id order by id"
)


def _keys(masters: Masters, rows: list[Any]) -> Keys:
    opened: dict[int, bytes] = {}
    for row in rows:
        key = masters.unwrap(_wrapped(row), row["id"])
        if key is not None:
            opened[row["id"]] = key
    writes = max((row["id"] for row in rows if row["purpose"] == "seal"), default=0)
    marks = next((opened[row["id"]] for row in rows if row["purpose"] == "mark" and row["id"] in opened), b"")
    return Keys(opened, writes if writes in opened else None, marks)


def _wrapped(row: Any) -> dict[str, bytes]:
    return dict(zip(row["masters"] or (), row["wraps"] or (), strict=True))


async def _add(connection: asyncpg.Connection, masters: Masters, purpose: str) -> None:
    number = await connection.fetchval("insert into data_key (purpose) values ($1) returning id", purpose)
    await _wrap(connection, masters, number, new_key(), masters.names)


async def _wrap(
    connection: asyncpg.Connection, masters: Masters, number: int, key: bytes, names: list[str] | tuple[str, ...]
) -> None:
    for name in names:
        await connection.execute(
            "insert into data_key_wrap (data_key, master, wrapped) values ($1, $2, $3)",
            number,
            name,
            masters.wrap(name, key, number),
        )


async def _masters(connection: asyncpg.Connection) -> list[str]:
    return [
        row["master"] for row in await connection.fetch("select distinct master from data_key_wrap order by master")
    ]


async def _values(connection: asyncpg.Connection, number: int) -> int:
    header = b"\x01" + number.to_bytes(4, "big")
    return await _count(connection, "substring({column} from 1 for 5) = $1", header)


async def _old_values(connection: asyncpg.Connection) -> int:
    return await _count(connection, "substring({column} from 1 for 1) <> $1", b"\x01")


async def _count(connection: asyncpg.Connection, condition: str, value: bytes) -> int:
    count = 0
    for column in SEALED:
        where = condition.format(column=column.name)
        count += await connection.fetchval(f"select count(*) from {column.table} where {where}", value)  # noqa: S608 - declared names
    return count
