"""The audit: it only grows, every way of touching it shows, and forgetting and retention leave it whole."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bot.database import Database, open_database
from bot.database import audit as record
from bot.database.audit import Entry, Verified, about, append, entries, erase, expire, verify
from bot.database.keys import rotate
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.oncall.policies import TEXT

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
UNGUARDED = "alter table audit disable trigger all; {} ; alter table audit enable trigger all"


async def add(database: Database, *users: str) -> None:
    for user in users:
        async with database.pool.acquire() as connection, connection.transaction():
            await append(connection, database.seal, Entry("checked", "T1", "C1", user, {"target": f"{user}.example"}))


async def forget(database: Database, user: str, count: int) -> None:
    async with database.pool.acquire() as connection, connection.transaction():
        assert await erase(connection, database.seal, about(database.seal, "user", user)) == count


async def found(database: Database, expected: tuple[int, str] | None = None) -> Verified:
    async with database.pool.acquire() as connection:
        return await verify(connection, database.seal, expected)


async def said(database: Database) -> list[tuple[str, str]]:
    async with database.pool.acquire() as connection:
        rows = [each async for each in entries(connection, database.seal, LONG_AGO)]
    return [(each.entry.kind, each.entry.user) for each in rows]


async def test_what_is_added_can_be_read_and_is_whole(world: World) -> None:
    async with open_database(world.settings()) as database:
        assert (await found(database)) == Verified(0, 0, "0:" + "0" * 32)
        await add(database, "U1", "U2")
        assert await said(database) == [("checked", "U1"), ("checked", "U2")]
        whole = await found(database)
        assert (whole.rows, whole.broken) == (2, "")
        [row] = await database.pool.fetch("select * from audit where seq = 1")
        assert "U1" not in str(row)
        assert b"U1" not in row["detail"]


async def test_what_people_do_is_on_record(world: World, tmp_path: Path) -> None:
    file = tmp_path / "oncall.toml"
    file.write_text(TEXT)
    async with world.bot(MAILFLOW_ONCALL_FILE=str(file), MAILFLOW_MAY_CHECK="U0SAMOKAFO"):
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        for count, words in enumerate(("check 192.0.2.1", "escalate", "ack", "ack", "resolve"), start=2):
            await world.place.post("alex", "#exchange", f"@Mailflow {words}", thread_ts=ts)
            await world.settled(count)
        async with open_database(world.settings()) as database:
            kinds = ["refused", "escalated", "acknowledged", "resolved"]
            assert await said(database) == [(kind, "U0ALEXRIVE") for kind in kinds]
            assert (await found(database)).broken == ""


async def test_many_at_once_make_one_chain_and_what_is_rolled_back_leaves_no_gap(world: World) -> None:
    async def gives_up(database: Database) -> None:
        async with database.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await append(connection, database.seal, Entry("refused", "T1"))
            await transaction.rollback()

    async with open_database(world.settings()) as one, open_database(world.settings()) as other:
        await asyncio.gather(
            *(add(each, f"U{n}") for n in range(15) for each in (one, other)), *map(gives_up, [one] * 5)
        )
        whole = await found(one)
        assert (whole.rows, whole.broken) == (30, "")


async def test_the_database_refuses_to_change_it(world: World) -> None:
    async with open_database(world.settings()) as database:
        await add(database, "U1")
        for statement in (
            "update audit set kind = 'resolved' where seq = 1",
            "update audit set seq = seq + 9",
            "delete from audit",
            "truncate audit",
        ):
            with pytest.raises(asyncpg.RaiseError, match="only grows"):
                await database.pool.execute(statement)


TOUCHED = {
    "update audit set kind = 'resolved' where seq = 2": "Entry 2 does not follow",
    "update audit set at = at - interval '1 day' where seq = 3": "Entry 3 does not follow",
    "update audit set marks = '{}' where seq = 1": "Entry 1 does not follow",
    "update audit set digest = sha256('x') where seq = 2": "Entry 2 does not follow",
    "update audit set detail = (select detail from audit where seq = 1) where seq = 2": "detail of entry 2 is not what",
    "update audit set detail = null where seq = 2": "detail of entry 2 was erased, and no later entry says so",
    "update audit set detail = null": "detail of entry 1 was erased",
    "delete from audit where seq = 2": "Entry 2 is missing; the next one is 3",
    "delete from audit where seq = 1": "Entry 1 is missing; the next one is 2",
    "delete from audit where seq < 4": "Entry 1 is missing; the next one is 4",
    "update audit set seq = -seq where seq in (2, 3); update audit set seq = 5 + seq where seq < 0": "Entry 2 does not follow",
    "insert into audit select 5, at, kind, marks, null, digest, sha256(hash) from audit where seq = 4": "Entry 5 does not follow",
}


async def test_whoever_gets_around_that_is_seen(world: World) -> None:
    async with open_database(world.settings()) as database:
        await add(database, "U1", "U2", "U3", "U4")
        await database.pool.execute("create table kept as select * from audit")
        for statement, why in TOUCHED.items():
            await database.pool.execute(UNGUARDED.format(statement))
            assert why in (await found(database)).broken, statement
            await database.pool.execute(UNGUARDED.format("delete from audit; insert into audit select * from kept"))
            assert (await found(database)).broken == ""


async def test_rows_cut_off_at_the_end_show_by_what_was_noted_before(world: World) -> None:
    async with open_database(world.settings()) as database:
        await add(database, "U1", "U2", "U3")
        number, _, digest = (await found(database)).head.partition(":")
        noted = int(number), digest
        await add(database, "U4")
        assert (await found(database, noted)).broken == ""
        await database.pool.execute(UNGUARDED.format("delete from audit where seq >= 3"))
        assert (await found(database)).broken == ""
        assert (await found(database, noted)).broken == "Entry 3 is expected, and the newest is 2."
        await add(database, "U5")
        assert (await found(database, noted)).broken == "Entry 3 is not the one that was expected."


async def test_somebody_is_erased_and_the_chain_holds(world: World) -> None:
    async with open_database(world.settings()) as database:
        await add(database, "U1", "U2", "U1")
        await forget(database, "U1", 2)
        await forget(database, "U1", 0)
        whole = await found(database)
        assert (whole.rows, whole.erased, whole.broken) == (4, 2, "")
        assert await said(database) == [("checked", ""), ("checked", "U2"), ("checked", ""), ("erased", "")]


async def test_what_nobody_on_record_erased_shows(world: World) -> None:
    async with open_database(world.settings()) as database:
        await add(database, "U1", "U2", "U3")
        await forget(database, "U2", 1)
        await database.pool.execute("update audit set detail = null where seq = 3")
        assert (await found(database)).broken == "The detail of entry 3 was erased, and no later entry says so."
        await forget(database, "U3", 0)  # which only names what it erases itself
        assert "entry 3 was erased" in (await found(database)).broken
        for statement in ("erases = '{2,3}'", "erases = null", "erases = '{}'"):
            await database.pool.execute(UNGUARDED.format(f"update audit set {statement} where seq = 4"))
            assert "Entry 4 does not follow" in (await found(database)).broken, statement
            with pytest.raises(asyncpg.RaiseError, match="only grows"):
                await database.pool.execute("update audit set erases = '{3}' where seq = 4")


async def test_what_an_earlier_version_erased_is_named_by_the_next_entry(world: World) -> None:
    async with open_database(world.settings()) as database:
        await add(database, "U1", "U2", "U3")
        await as_before_erasures_were_named(database)
        await database.pool.execute("update audit set detail = null where seq = 2")
        whole = await found(database)
        assert (whole.erased, whole.broken) == (1, "")
        await add(database, "U4")
        assert (await found(database)).broken == ""
        await database.pool.execute("update audit set detail = null where seq = 1")
        assert "entry 1 was erased" in (await found(database)).broken


async def as_before_erasures_were_named(database: Database) -> None:
    before = bytes(32)
    async with database.pool.acquire() as connection:
        await connection.execute("alter table audit disable trigger all")
        for row in await connection.fetch("select * from audit order by seq"):
            content = row["seq"], row["at"], row["kind"], row["marks"], row["digest"], None
            before = record._hash(database.seal, before, content)
            await connection.execute("update audit set erases = null, hash = $1 where seq = $2", before, row["seq"])
        await connection.execute("alter table audit enable trigger all")


async def test_a_new_data_key_leaves_it_whole(world: World) -> None:
    async with open_database(world.settings()) as database:
        await add(database, "U1", "U2")
        async with database.pool.acquire() as connection:
            assert await rotate(connection, database.pool, database.seal, retire=False) == 2
        assert (await found(database)).broken == ""
        assert await said(database) == [("checked", "U1"), ("checked", "U2")]


async def aged(database: Database) -> None:
    """Three entries of long ago, with the hashes that they would have, and one of now."""
    await add(database, "U1", "U2", "U3")
    old, before = datetime(2020, 1, 1, tzinfo=UTC), bytes(32)
    async with database.pool.acquire() as connection:
        await connection.execute("alter table audit disable trigger all")
        for row in await connection.fetch("select * from audit order by seq"):
            content = row["seq"], old, row["kind"], row["marks"], row["digest"], row["erases"]
            before = record._hash(database.seal, before, content)
            await connection.execute("update audit set at = $1, hash = $2 where seq = $3", old, before, row["seq"])
        await connection.execute("alter table audit enable trigger all")
    await add(database, "U4")


async def test_what_has_expired_goes_and_the_rest_is_whole(world: World) -> None:
    async with open_database(world.settings()) as database:
        await aged(database)
        assert (await found(database)).broken == ""
        async with database.pool.acquire() as connection:
            await expire(connection, database.seal, 365)
            await expire(connection, database.seal, 365)
        assert await said(database) == [("checked", "U4"), ("expired", "")]
        assert (await found(database)).broken == ""
        with pytest.raises(asyncpg.RaiseError):
            await database.pool.execute("delete from audit")
        await database.pool.execute(UNGUARDED.format("delete from audit where seq = 4"))
        assert (await found(database)).broken == "Entry 4 is missing; the next one is 5."
