"""Encryption at rest: envelope keys, bound to their place, rotated while others read and write."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bot.database import Database, StartError, WrongKeyError, open_database
from bot.database.cases import Cases
from bot.database.columns import EVIDENCE_LOG, EVIDENCE_TEXT, SEALED
from bot.database.inbox import Inbox
from bot.database.keys import KeysInUseError, rotate, stored_keys, tidy
from bot.database.sealing import Keys, Masters, Seal
from bot.settings import SettingsError, load
from handlers.ports.cases import Pasted
from handlers.ports.inbox import Delivery
from handlers.ports.thread import Thread
from tests.bot.conftest import World

THREAD = Thread("T1", "C1", "1.0")
NOT_SEALED = {
    "data_key_wrap.wrapped",
    "seal.proof",
    "check_run.target",
    "audit.digest",
    "audit.hash",
    "oauth_state.hash",
    "pgqueuer.payload",
}
PLACE = EVIDENCE_TEXT.at(1, "1.0")


def key() -> str:
    return Fernet.generate_key().decode()


def seal_with(*data_keys: bytes) -> Seal:
    keys = Keys(dict(enumerate(data_keys, start=1)), len(data_keys), b"m" * 32)

    async def load() -> Keys:
        return keys

    return Seal(Masters(key()), keys, load)


@given(
    text=st.text(), at=st.lists(st.text(), min_size=2, max_size=2), other=st.lists(st.text(), min_size=2, max_size=2)
)
def test_a_text_opens_at_its_place_and_nowhere_else(text: str, at: list[str], other: list[str]) -> None:
    seal = seal_with(b"1" * 32)
    sealed = seal.close(text, EVIDENCE_TEXT.at(*at))
    assert asyncio.run(seal.open(sealed, EVIDENCE_TEXT.at(*at))) == text
    for place in (EVIDENCE_LOG.at(*at), *([EVIDENCE_TEXT.at(*other)] if other != at else [])):
        with pytest.raises(WrongKeyError):
            asyncio.run(seal.open(sealed, place))


@given(where=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_a_single_changed_bit_is_seen(where: int, bit: int) -> None:
    seal = seal_with(b"1" * 32)
    sealed = bytearray(seal.close("sam@fabrikam.com was refused", PLACE))
    sealed[where % len(sealed)] ^= 1 << bit
    with pytest.raises(WrongKeyError):
        asyncio.run(seal.open(bytes(sealed), PLACE))


@pytest.mark.parametrize("short", [b"", b"\x01", b"\x01\x00\x00\x00\x01", b"\x01\x00\x00\x00\x01" + b"n" * 12, b"x"])
async def test_what_is_too_short_is_refused(short: bytes) -> None:
    with pytest.raises(WrongKeyError):
        await seal_with(b"1" * 32).open(short, PLACE)


def test_marks_are_the_same_each_time_and_tell_apart() -> None:
    seal = seal_with(b"1" * 32)
    assert seal.mark("a", "b") == seal.mark("a", "b")
    assert len({seal.mark("a", "b"), seal.mark("ab", ""), seal.mark("a", "b", ""), seal.mark("b", "a")}) == 4


async def test_every_column_of_bytes_is_declared(world: World) -> None:
    async with open_database(world.settings()) as database:
        rows = await database.pool.fetch(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'public' and data_type = 'bytea'"
        )
        keys = await database.pool.fetch(
            "select conrelid::regclass::text as name, array_agg(attname::text) as key from pg_constraint "
            "join pg_attribute on attrelid = conrelid and attnum = any(conkey) where contype in ('p', 'u') "
            "group by conrelid, conname"
        )
    there = {f"{row['table_name']}.{row['column_name']}" for row in rows}
    assert there - NOT_SEALED == {f"{column.table}.{column.name}" for column in SEALED}
    unique = {(row["name"], frozenset(row["key"])) for row in keys}
    assert {(column.table, frozenset(column.key)) for column in SEALED} <= unique


async def test_a_row_that_was_moved_does_not_open(world: World) -> None:
    async with open_database(world.settings()) as database:
        cases = Cases(database)
        await cases.keep(THREAD, Pasted("1.0", "mine"))
        await cases.keep(THREAD, Pasted("2.0", "yours"))
        await database.pool.execute(
            "update evidence set text = (select text from evidence where message_ts = '1.0') where message_ts = '2.0'"
        )
        with pytest.raises(WrongKeyError):
            await cases.pasted(THREAD)


async def earlier(database: Database, master: str, text: str) -> None:
    """A database as versions before data keys left it: sealed with the master key itself."""
    old = Fernet(master)
    await Cases(database).keep(THREAD, Pasted("1.0", text))
    await database.pool.execute("update evidence set text = $1", old.encrypt(text.encode()))
    await database.pool.execute("delete from data_key")
    await database.pool.execute("insert into seal (proof) values ($1)", old.encrypt(b"mailflow"))


async def test_what_earlier_versions_sealed_opens_and_is_sealed_anew(world: World) -> None:
    async with open_database(world.settings()) as database:
        await earlier(database, world.environ["MAILFLOW_SECRET_KEY"], "sealed long ago")
    with pytest.raises(StartError, match="cannot read what is stored"):
        async with open_database(world.settings(MAILFLOW_SECRET_KEY=key())):
            pass
    async with open_database(world.settings()) as database:
        assert [paste.text for paste in await Cases(database).pasted(THREAD)] == ["sealed long ago"]
        await tidy(database.pool, database.seal)  # seals anew
        await tidy(database.pool, database.seal)  # and sees that nothing is left
        assert (await database.pool.fetchval("select text from evidence"))[:1] == b"\x01"
        assert await database.pool.fetchval("select count(*) from seal") == 0
        assert [paste.text for paste in await Cases(database).pasted(THREAD)] == ["sealed long ago"]


async def test_a_key_is_refused_that_opens_nothing_even_where_nothing_was_pasted(world: World) -> None:
    async with open_database(world.settings()):
        pass
    with pytest.raises(StartError, match=r"in front of the old one") as raised:
        async with open_database(world.settings(MAILFLOW_SECRET_KEY=key())):
            pass
    assert world.environ["MAILFLOW_SECRET_KEY"] not in str(raised.value)


async def texts(database: Database) -> list[str]:
    return [paste.text for paste in await Cases(database).pasted(THREAD)]


async def test_master_keys_change_while_old_and_new_processes_run(world: World) -> None:
    old, new = world.environ["MAILFLOW_SECRET_KEY"], key()
    async with open_database(world.settings()) as before:
        await Cases(before).keep(THREAD, Pasted("1.0", "first"))
        async with open_database(world.settings(MAILFLOW_SECRET_KEY=f"{new},{old}")) as both:
            assert await texts(both) == ["first"]
            async with both.pool.acquire() as connection:
                assert await rotate(connection, both.pool, both.seal, retire=False) == 1
            await Cases(both).keep(THREAD, Pasted("2.0", "with the new data key"))
            assert await texts(before) == ["first", "with the new data key"]  # learnt on the way
            await Cases(before).keep(THREAD, Pasted("3.0", "by the old one"))
            assert await texts(both) == ["first", "with the new data key", "by the old one"]
        async with open_database(world.settings()) as old_again:
            assert len(await texts(old_again)) == 3
    async with open_database(world.settings(MAILFLOW_SECRET_KEY=new)) as after:
        assert len(await texts(after)) == 3
        async with after.pool.acquire() as connection:
            with pytest.raises(KeysInUseError):
                await rotate(connection, after.pool, after.seal, retire=False)
            await rotate(connection, after.pool, after.seal, retire=True)
        assert len(await texts(after)) == 3
    with pytest.raises(StartError):
        async with open_database(world.settings()):
            pass


async def test_a_process_that_was_locked_out_writes_nothing_that_would_be_lost(world: World) -> None:
    old, new = world.environ["MAILFLOW_SECRET_KEY"], key()
    async with open_database(world.settings()) as before:
        async with open_database(world.settings(MAILFLOW_SECRET_KEY=f"{new},{old}")):
            pass
        async with open_database(world.settings(MAILFLOW_SECRET_KEY=new)) as after, after.pool.acquire() as connection:
            await rotate(connection, after.pool, after.seal, retire=True)
        await before.seal.refresh()
        with pytest.raises(WrongKeyError):
            await Inbox(before).accept(Delivery("message", "Ev1", "message C1 1", THREAD, "1.0", text="x"))


async def test_replaced_keys_are_dropped_once_nothing_needs_them(world: World) -> None:
    async with open_database(world.settings()) as database:
        await Cases(database).keep(THREAD, Pasted("1.0", "first"))
        async with database.pool.acquire() as connection:
            await rotate(connection, database.pool, database.seal, retire=False)
            await tidy(database.pool, database.seal)
            assert [found.values for found in (await stored_keys(connection))[0]] == [
                0,
                1,
            ]  # it may still be written with
            await connection.execute(
                "update data_key set retired_at = now() - interval '2 hours' where retired_at < now()"
            )
            await tidy(database.pool, database.seal)
            [left] = (await stored_keys(connection))[0]
        assert left.values == 1
        assert await texts(database) == ["first"]


async def test_writers_go_on_during_a_rotation(world: World) -> None:
    async with open_database(world.settings()) as one, open_database(world.settings()) as other:
        stop = asyncio.Event()

        async def write() -> int:
            count = 0
            while not stop.is_set():
                await Cases(other).keep(THREAD, Pasted(f"{count % 20:02}", f"text {count}"))
                count += 1
            return count

        writing = asyncio.create_task(write())
        for _ in range(5):
            async with one.pool.acquire() as connection:
                await rotate(connection, one.pool, one.seal, retire=False)
        stop.set()
        count = await writing
        assert count > 20
        newest = {f"text {number}" for number in range(count - 20, count)}
        assert set(await texts(one)) == set(await texts(other)) == newest


async def test_a_key_comes_from_a_file(world: World, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{world.environ['MAILFLOW_SECRET_KEY']}\n{key()}\n")
    async with open_database(world.settings()):
        pass
    given: dict[str, Any] = {**world.environ, "MAILFLOW_SECRET_KEY": "", "MAILFLOW_SECRET_KEY_FILE": str(file)}
    async with open_database(load(given, Path("none.env"))):
        pass
    for content, said in (("not a key", "does not hold a key"), ("", "does not hold a key"), (None, "cannot be read")):
        file.unlink()
        if content is not None:
            file.write_text(content)
        with pytest.raises(StartError, match=said):
            async with open_database(load(given, Path("none.env"))):
                pass
        file.touch()


def test_a_key_comes_from_one_place() -> None:
    with pytest.raises(SettingsError, match="not both"):
        load({"MAILFLOW_SECRET_KEY": key(), "MAILFLOW_SECRET_KEY_FILE": "/some/where"}, Path("none.env"))
