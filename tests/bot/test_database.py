"""The record: encrypted, migrated once, shared by processes, and there again after a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from cryptography.fernet import Fernet

from bot.database import StartError, open_database
from bot.database.cases import Cases
from bot.database.inbox import Inbox, store
from bot.database.retention import Retention, expire
from bot.database.sealing import stored_key
from bot.settings import Settings, load
from handlers.ports.cases import Pasted
from handlers.ports.inbox import Delivery
from handlers.ports.thread import Thread
from tests.bot.conftest import EMPTY, World
from tests.bot.pastes import FAILING
from tests.bot.stored import dump

NOWHERE = Path("none.env")
THREAD = Thread("T1", "C1", "1.0")
SECRET = "sam@fabrikam.com was refused"


def delivery(number: int, *, thread: Thread = THREAD) -> Delivery:
    return Delivery("message", f"Ev{number}", f"message C1 {number}", thread, f"{number}.0", text=SECRET)


async def test_what_came_first_to_a_thread_is_seen_first(world: World) -> None:
    """Two are stored at the same moment, and the first takes longer: the second may not be dealt with before it."""
    async with open_database(world.settings()) as database:
        inbox = Inbox(database)
        async with database.pool.acquire() as connection:
            async with connection.transaction():
                await store(connection, database.seal, delivery(1), uuid4())
                second = asyncio.create_task(inbox.accept(delivery(2)))
                other = Thread("T1", "C1", "2.0")
                assert await inbox.accept(delivery(3, thread=other))  # other threads wait for nothing
                await asyncio.sleep(0.1)
                assert await inbox.oldest("T1", "C1 1.0") is None
            assert await second
        oldest = await inbox.oldest("T1", "C1 1.0")
        assert oldest
        assert oldest.delivery == delivery(1)


async def test_nothing_pasted_is_stored_in_the_clear(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.settled()
        async with open_database(world.settings()) as database:
            stored = await dump(database)
        assert "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091" not in stored
        assert "contoso" not in stored
        assert "UnknownCredentials" not in stored


async def test_a_waiting_delivery_is_sealed_and_can_be_read_again(world: World) -> None:
    async with open_database(world.settings()) as database:
        inbox = Inbox(database)
        assert await inbox.accept(delivery(1))
        assert SECRET not in await dump(database)
        waiting = await inbox.oldest("T1", "C1 1.0")
        assert waiting
        assert waiting.delivery == delivery(1)


async def test_a_delivery_and_its_job_are_stored_once_and_together(world: World) -> None:
    async with open_database(world.settings()) as database:
        inbox = Inbox(database)
        same_event = delivery(1)
        same_subject = Delivery("message", "Ev9", "message C1 1", THREAD, "1.0", text=SECRET)
        results = await asyncio.gather(*(inbox.accept(same_event) for _ in range(5)), inbox.accept(same_subject))
        assert sorted(results) == [False] * 5 + [True]
        assert await database.pool.fetchval("select count(*) from delivery") == 1
        assert await database.pool.fetchval("select count(*) from pgqueuer") == 1


async def test_a_lost_job_is_found_and_one_too_many_does_no_harm(world: World) -> None:
    async with open_database(world.settings()) as database:
        inbox = Inbox(database)
        await inbox.accept(delivery(1))
        await inbox.accept(delivery(2, thread=Thread("T1", "C1", "2.0")))
        await database.pool.execute("delete from pgqueuer")
        assert await inbox.rescue() == 2
        assert await inbox.rescue(older_than=60) == 0
    async with world.bot():
        await world.settled()


async def test_a_delivery_that_cannot_be_read_does_not_block_its_thread(world: World) -> None:
    async with open_database(world.settings()) as database:
        inbox = Inbox(database)
        await inbox.accept(delivery(1))
        await inbox.accept(delivery(2))
        await database.pool.execute("update delivery set payload = 'x' where event = 'Ev1'")
        waiting = await inbox.oldest("T1", "C1 1.0")
        assert waiting
        assert waiting.delivery == delivery(2)


async def test_withdrawn_text_is_gone_for_good(world: World) -> None:
    async with open_database(world.settings()) as database:
        cases = Cases(database)
        await cases.keep(THREAD, Pasted("1.0", SECRET))
        await cases.keep(THREAD, Pasted("2.0", "more"))
        await cases.withdraw(THREAD, "1.0")
        assert [paste.text for paste in await cases.pasted(THREAD)] == ["more"]
        assert await database.pool.fetchval("select text from evidence where message_ts = '1.0'") is None
        await cases.keep(THREAD, Pasted("1.0", "again"))
        assert [paste.text for paste in await cases.pasted(THREAD, until="1.0")] == ["again"]


async def test_an_answer_is_planned_once(world: World) -> None:
    async with open_database(world.settings()) as database:
        cases = Cases(database)
        planned = await asyncio.gather(*(cases.plan(THREAD, "1.0", "answer") for _ in range(5)))
        assert len({answer.id for answer in planned}) == 1
        await cases.mark(planned[0], "sent", "9.0")
        assert (await cases.plan(THREAD, "1.0", "answer")).ts == "9.0"
        assert await cases.answer_at("T1", "C1", "9.0")
        assert await cases.answer_at("T2", "C1", "9.0") is None
        assert await cases.recently(THREAD, 60) == 1


async def test_old_cases_are_deleted_and_fresh_ones_stay(world: World) -> None:
    async with open_database(world.settings()) as database:
        inbox, cases = Inbox(database), Cases(database)
        for number, thread in enumerate((THREAD, Thread("T1", "C1", "2.0"))):
            await inbox.accept(delivery(number, thread=thread))
            await cases.keep(thread, Pasted("1.0", SECRET))
            await cases.plan(thread, "1.0", "answer")
        old = "- interval '31 days'"
        await database.pool.execute(f"update incident_case set active_at = now() {old} where thread_ts = '1.0'")
        await database.pool.execute(
            f"update delivery set received_at = now() {old}, done_at = now() where event = 'Ev0'"
        )
        await expire(database.pool, database.seal, Retention(30, {}, 365))
        for table in ("delivery", "incident_case", "evidence", "answer"):
            assert await database.pool.fetchval(f"select count(*) from {table}") == 1


@EMPTY
async def test_migrations_run_once_even_when_processes_start_together(world: World) -> None:
    async def opened() -> int:
        async with open_database(world.settings()) as database:
            return int(await database.pool.fetchval("select count(*) from migration"))

    counts = await asyncio.gather(*(opened() for _ in range(4)))
    assert len(set(counts)) == 1


async def test_a_key_that_cannot_read_what_is_stored_is_refused(world: World) -> None:
    async with open_database(world.settings()):
        pass
    with pytest.raises(StartError, match="cannot read what is stored"):
        async with open_database(world.settings(MAILFLOW_SECRET_KEY=Fernet.generate_key().decode())):
            pass


def test_the_key_is_generated_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first = stored_key(tmp_path / "new")
    assert stored_key(tmp_path / "new") == first
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret.key"]


async def test_a_database_that_is_not_there_gives_a_sentence() -> None:
    settings = load({"DATABASE_URL": "postgresql://user:hunter2@127.0.0.1:1/nothing"}, NOWHERE)
    with pytest.raises(StartError, match="check DATABASE_URL") as raised:
        async with open_database(settings):
            pass
    assert "hunter2" not in str(raised.value)


def embedded(home: Path) -> Settings:
    return load({"MAILFLOW_HOME": str(home)}, NOWHERE)


async def test_the_embedded_server_keeps_its_data_and_stops_with_its_last_user(home: Path) -> None:
    async with open_database(embedded(home)) as database:
        await Cases(database).keep(THREAD, Pasted("1.0", SECRET))
    assert not (home / "postgres" / "postmaster.pid").exists()
    async with open_database(embedded(home)) as database:
        assert [paste.text for paste in await Cases(database).pasted(THREAD)] == [SECRET]


async def test_a_throwaway_database_leaves_nothing(home: Path) -> None:
    async with open_database(embedded(home), name="short_1", throwaway=True) as database:
        url = database.url
        assert await database.pool.fetchval("select current_database()") == "short_1"
        async with open_database(embedded(home)):
            pass
    async with open_database(embedded(home)):
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(url)


HOLD = """
import asyncio, sys
from pathlib import Path
from bot.database import open_database
from bot.database.cases import Cases
from bot.settings import load
from handlers.ports.cases import Pasted
from handlers.ports.thread import Thread
async def main():
    async with open_database(load({"MAILFLOW_HOME": sys.argv[1]}, Path("none.env"))) as database:
        await Cases(database).keep(Thread("T1", "C1", "1.0"), Pasted("1.0", "kept"))
        print("open", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.parametrize("server_too", [False, True])
async def test_data_survive_a_kill_and_the_server_does_not_outlive_the_next_run(home: Path, server_too: bool) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, str(home), stdout=asyncio.subprocess.PIPE)
    assert child.stdout
    assert await asyncio.wait_for(child.stdout.readline(), 60) == b"open\n"
    child.kill()
    await child.wait()
    if server_too:
        os.kill(int((home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        await asyncio.sleep(1)  # its other processes notice and leave
    async with open_database(embedded(home)) as database:
        assert [paste.text for paste in await Cases(database).pasted(THREAD)] == ["kept"]
    assert not (home / "postgres" / "postmaster.pid").exists()


async def test_a_process_number_that_now_belongs_to_another_program_is_seen_through(home: Path) -> None:
    async with open_database(embedded(home)):
        lines = (home / "postgres" / "postmaster.pid").read_text().splitlines()
    (home / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    async with open_database(embedded(home)) as database:
        assert await database.pool.fetchval("select 1") == 1
