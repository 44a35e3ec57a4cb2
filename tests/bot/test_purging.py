"""What is forgotten is gone: of a person, of a channel, of a workspace."""

from __future__ import annotations

import asyncio

import pytest

from bot.database import Database, open_database
from bot.database.audit import verify
from bot.database.cases import Cases
from bot.database.installations import Installations
from bot.database.notices import Notices
from bot.database.purging import BusyError, forget, purge_channel, purge_user, purge_workspace
from bot.jobs import ThreadLocks
from handlers.ports.thread import Thread
from tests.bot.conftest import World
from tests.bot.stored import counts, dump, lived


async def whole(database: Database) -> bool:
    async with database.pool.acquire() as connection:
        return (await verify(connection, database.seal)).broken == ""


async def test_every_table_is_filled_by_this_test(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        empty = {name for name, count in (await counts(database)).items() if not count}
        assert empty == set(), "`lived` fills nothing there, or it belongs into OF_NOBODY"


@pytest.mark.parametrize("what", ["workspace", "channel"])
async def test_nothing_is_left_of_a_workspace_or_a_channel(world: World, what: str) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        before = await counts(database)
        other = ("TTWO", "CTWO", "UBEN") if what == "workspace" else ("TONE", "CTWO", "UBEN")
        await lived(database, *other)
        purge, gone = (purge_workspace, "TTWO") if what == "workspace" else (purge_channel, "CTWO")
        async with database.pool.acquire() as connection, connection.transaction():
            done = (await purge(connection, database.seal, gone)).removed
        assert {done[of] for of in ("pastes", "cases", "checks", "incidents", "watches")} == {1}
        assert done["deliveries"] == 2
        await database.pool.execute("update installation set removed_at = removed_at - interval '2 hours'")
        if what == "channel":  # what people chose is theirs
            for table in ("person", "home_tab"):
                await database.pool.execute(f"delete from {table} where member = 'UBEN'")
        await Installations(database).clear_up()  # what says that a workspace is gone is gone after an hour
        assert await counts(database) == before
        stored = await dump(database)
        assert gone not in stored
        assert "UBEN" not in stored
        assert "UANNA" in stored
        assert [paste.text for paste in await Cases(database).pasted(Thread("TONE", "CONE", "UANNA.1"))] == [
            "paste of UANNA"
        ]
        assert await whole(database)


async def test_a_channel_in_which_others_cases_were_told_is_gone_too(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        await database.pool.execute("update page set outlet = 'root', place = 'CTWO', ref = '7.0', state = 'sent'")
        await database.pool.execute(
            """update page set content = '{"what": "joined", "channel": "CTWO", "ts": "7.0"}'"""
        )
        async with database.pool.acquire() as connection, connection.transaction():
            assert (await purge_channel(connection, database.seal, "CTWO")).removed["messages"] == 2
        assert "CTWO" not in await dump(database)


async def test_nothing_is_left_of_a_person(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        await lived(database, "TONE", "CONE", "UBEN")
        async with database.pool.acquire() as connection, connection.transaction():
            done = await purge_user(connection, database.seal, "UBEN")
        assert done.removed == {
            "pastes": 1,
            "deliveries": 2,
            "checks": 1,
            "reports": 1,
            "votes": 1,
            "choices": 1,
            "audit entries": 2,
        }
        assert done.unnamed == {"incidents": 1, "watches": 1}
        stored = (await dump(database)).replace("UBEN.1", "")  # the name that `lived` gave the thread
        assert "UBEN" not in stored.replace("EvTONECONEUBEN", "")  # and the events
        assert await Cases(database).pasted(Thread("TONE", "CONE", "UBEN.1")) == ()
        assert len(await Cases(database).pasted(Thread("TONE", "CONE", "UANNA.1"))) == 1
        assert await whole(database)


async def test_the_direct_messages_of_a_person_go_whole(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        before = await counts(database)
        await lived(database, "TONE", "DBEN", "UBEN")
        await database.pool.execute("delete from evidence where author = 'UBEN'")  # asked for help, pasted nothing
        async with database.pool.acquire() as connection, connection.transaction():
            done = await purge_user(connection, database.seal, "UBEN")
        assert {done.removed[of] for of in ("cases", "incidents", "watches", "warnings")} == {1}
        assert done.unnamed == {"incidents": 0, "watches": 0}
        assert await counts(database) == before
        stored = await dump(database)
        assert "DBEN" not in stored
        assert "UBEN" not in stored
        assert await whole(database)


async def test_a_direct_message_with_a_page_is_theirs(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        await database.pool.execute(
            "update page set place = 'DBEN', ref = '7.0', address = 'UBEN', key = 'step 1 direct UBEN' where outlet = 'direct'"
        )
        await database.pool.execute("insert into told (team, problem, channel) values ('TONE', 'is_archived', 'DBEN')")
        async with database.pool.acquire() as connection, connection.transaction():
            done = await purge_user(connection, database.seal, "UBEN")
        assert done.removed["warnings"] == 1
        stored = await dump(database)
        assert "DBEN" not in stored
        assert "UBEN" not in stored


async def test_a_watch_without_an_owner_tells_nobody_that_it_pauses(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        await database.pool.execute("delete from watch_notice")
        watch = await database.pool.fetchval("select id from watch")
        async with database.pool.acquire() as connection, connection.transaction():
            assert (await purge_user(connection, database.seal, "UANNA")).unnamed["watches"] == 1
        await Notices(database).pause(watch, "that channel is archived")
        assert await database.pool.fetchval("select paused from watch") == "that channel is archived"
        assert await database.pool.fetchval("select count(*) from watch_notice") == 0


async def test_counting_removes_nothing(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        before = await dump(database)
        counted = await forget(database, "user", "UANNA", really=False)
        assert await dump(database) == before
        assert await forget(database, "user", "UANNA", really=True) == counted
        again = await forget(database, "user", "UANNA", really=True)
        assert set(again.removed.values()) | set(again.unnamed.values()) == {0}
        assert await whole(database)


async def test_what_is_being_worked_on_is_waited_for(world: World) -> None:
    """Else it might be stored again by whoever works on it."""
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        locks = ThreadLocks(database.url)
        async with locks.held("TONE CONE UANNA.1") as mine:
            assert mine
            with pytest.raises(BusyError):
                await forget(database, "channel", "CONE", really=True, patience=0.1)
            waiting = asyncio.create_task(forget(database, "channel", "CONE", really=True))
            await asyncio.sleep(0.1)
            assert not waiting.done()
        assert (await waiting).removed["cases"] == 1
        await locks.close()
