"""Nothing readable is stored, and what is forgotten is gone: of a person, of a channel, of a workspace, by its age."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from slack_sdk.oauth.installation_store import Bot

from bot.database import Database, open_database
from bot.database.audit import Entry, append, verify
from bot.database.cases import Cases
from bot.database.columns import CHECK_REPORT
from bot.database.escalations import EscalationStore
from bot.database.feedback import Feedback
from bot.database.inbox import Inbox
from bot.database.installations import Installations
from bot.database.notices import Content, plan
from bot.database.pages import Draft
from bot.database.people import People
from bot.database.purging import BusyError, forget, purge_channel, purge_user, purge_workspace
from bot.database.retention import Retention, expire
from bot.database.told import Told
from bot.database.watches import WatchBook
from bot.jobs import ThreadLocks
from bot.logs import JsonLines
from bot.oncall.chronicle import Noted
from bot.oncall.events import Arm, State
from bot.settings import SettingsError, load
from handlers.incident_ports import Vote
from handlers.ports import Asker, Choices, Delivery, Pasted, Thread
from tests.bot.conftest import World, everything
from tests.bot.pastes import CURED, FAILING
from tests.oncall.policies import TEXT

TEAM, ALEX = "T0CONTOSO1", "U0ALEXRIVE"
EVERY = timedelta(hours=6)
NOW = datetime(2026, 11, 18, tzinfo=UTC)
# Tables that hold nothing of anybody, and why.
OF_NOBODY = {
    "migration": "names of migrations",
    "seal": "a known word",
    "data_key": "numbers and dates",
    "data_key_wrap": "keys",
    "escalation_event": "ids of events, so that none counts twice",
    "audit": "stays; what it says of them is erased",
    "oauth_state": "hashes of random numbers",
    "pgqueuer": "ids of deliveries and escalations",
    "pgqueuer_log": "the same",
    "pgqueuer_schedules": "the sweep",
    "pgqueuer_statistics": "numbers",
}


async def tables(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    return [row["table_name"] for row in rows]


async def counts(database: Database) -> dict[str, int]:
    async with database.pool.acquire() as connection:
        return {
            name: await connection.fetchval(f'select count(*) from "{name}"')
            for name in await tables(connection)
            if name not in OF_NOBODY
        }


async def dump(database: Database) -> str:
    """Every column of every row of every table, as text; bytes also as they are."""
    async with database.pool.acquire() as connection:
        rows = [row for name in await tables(connection) for row in await connection.fetch(f'select * from "{name}"')]
    return "\n".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row.values()
    )


async def lived(database: Database, team: str, channel: str, user: str) -> None:
    """Something in every table that holds something of anybody: a new table needs a line here."""
    thread = Thread(team, channel, f"{user}.1")
    inbox, cases = Inbox(database), Cases(database)
    for number in (1, 2):
        event = f"Ev{team}{channel}{user}{number}"
        await inbox.accept(Delivery("message", event, event, thread, f"{number}.0", user, "sam@fabrikam.com"))
    await cases.keep(thread, Pasted("1.0", f"paste of {user}", "{}", ("a file was too large",)), author=user)
    await Feedback(database).keep(thread, Vote(user, right=False, words="the dog ate it", note=f"says {user}"))
    await Told(database).first(team, "not_in_channel", channel)
    await cases.mark(await cases.plan(thread, "1.0", "answer", judged=True), "sent", "5.0")
    async with EscalationStore(database).opened(thread) as held:
        await held.alike.reported(f"@{user}", "1.0", NOW)
        await held.note([Noted("acknowledged", (f"@{user}",))], NOW)
        await held.save(State(phase="acknowledged", incident=1, askers=(f"@{user}",), holder=f"@{user}"), "tls")
        await held.plan([Draft(f"step 1 direct {user}", "direct", user, {"askers": [f"@{user}"]}, 1)])
        await held.plan([Draft("joined 1", "thread", content={"what": "joined", "channel": channel, "ts": "1.0"})])
        await held.arm(Arm("shift", NOW), NOW)
        await held.record("acknowledged", f"@{user}", "slack")
    async with database.pool.acquire() as connection, connection.transaction():
        run = await connection.fetchval(
            "insert into check_run (team, target, asker, channel, finished_at) values ($1, $2, $3, $4, now()) returning id",
            team,
            database.seal.mark("target", "mail.contoso.com"),
            user,
            channel,
        )
        report = database.seal.close("{}", CHECK_REPORT.at(run))
        await connection.execute("update check_run set report = $2 where id = $1", run, report)
        await append(connection, database.seal, Entry("checked", team, channel, user))
    await WatchBook(database, most=50, clock=lambda: NOW).start(
        f"{user.lower()}.contoso.com", EVERY, Asker(team, user, channel)
    )
    await People(database).choose(team, user, Choices(short=True))
    await People(database).opened(team, user, EVERY)
    async with database.pool.acquire() as connection, connection.transaction():
        watch = await connection.fetchval("select id from watch where channel = $1", channel)
        await plan(connection, database.seal, Content(why="gone"), watch, "owner")
    if not await database.pool.fetchval("select true from installation where team = $1", team):
        bot = Bot(team_id=team, bot_id="B1", bot_user_id="U1", bot_token=f"xoxb-{team}", installed_at=0.0)
        await Installations(database).save(bot)


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
            done = await purge(connection, database.seal, gone)
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
            assert (await purge_channel(connection, database.seal, "CTWO"))["messages"] == 2
        assert "CTWO" not in await dump(database)


async def test_nothing_is_left_of_a_person(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        await lived(database, "TONE", "CONE", "UBEN")
        async with database.pool.acquire() as connection, connection.transaction():
            done = await purge_user(connection, database.seal, "UBEN")
        assert done == {
            "pastes": 1,
            "deliveries": 2,
            "checks": 1,
            "reports": 1,
            "votes": 1,
            "incidents": 1,
            "watches": 1,
            "choices": 1,
            "audit entries": 2,
        }
        stored = (await dump(database)).replace("UBEN.1", "")  # the name that `lived` gave the thread
        assert "UBEN" not in stored.replace("EvTONECONEUBEN", "")  # and the events
        assert await Cases(database).pasted(Thread("TONE", "CONE", "UBEN.1")) == ()
        assert len(await Cases(database).pasted(Thread("TONE", "CONE", "UANNA.1"))) == 1
        assert await whole(database)


async def test_counting_removes_nothing(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
        before = await dump(database)
        counted = await forget(database, "user", "UANNA", really=False)
        assert await dump(database) == before
        assert await forget(database, "user", "UANNA", really=True) == counted
        assert set((await forget(database, "user", "UANNA", really=True)).values()) == {0}
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
        assert (await waiting)["cases"] == 1
        await locks.close()


async def command(world: World, *arguments: str, text: str = "") -> tuple[int, str]:
    """Runs `mailflow` beside the bot; its exit code, and what it said."""
    program = str(Path(sys.executable).parent / "mailflow")
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **world.environ},
        cwd="/",
    )
    said, _ = await asyncio.wait_for(child.communicate(text.encode()), 60)
    assert child.returncode is not None
    return child.returncode, said.decode()


async def test_a_person_is_forgotten_while_the_bot_runs_and_it_takes_its_answers_back(world: World) -> None:
    place = world.place
    async with world.bot():
        ts = await place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await place.post("priya", "#exchange", CURED, thread_ts=ts)
        await world.answer("#exchange", ts, 2)
        await world.settled(2)
        refused = await command(world, "forget", "user", "alex", "--yes")
        assert refused == (2, "mailflow: that is no Slack id of a user; one looks like U0123ABCD\n")
        code, said = await command(world, "forget", "user", ALEX, text="n\n")
        assert said.startswith(
            f"Of user {ALEX} there is: 1 paste, 1 delivery, 1 report.\nDelete all of it for good? [y/N]:"
        )
        assert (code, said.endswith("mailflow: nothing was deleted.\n")) == (2, True)
        assert await command(world, "forget", "user", ALEX, "--yes") == (0, "Deleted: 1 paste, 1 delivery, 1 report.\n")
        await place.wait_for(lambda: "private key" not in everything(world.answers("#exchange", ts)[0]), 20)
        await world.settled(3)
        assert "private key" not in everything(world.answers("#exchange", ts)[0])
        async with open_database(world.settings()) as database:
            assert len(await Cases(database).pasted(Thread(TEAM, "C0EXCHANGE", ts))) == 1
            assert ALEX not in await dump(database)
        code, said = await command(world, "audit", "verify")
        assert (code, said.startswith("The audit is whole: 1 entry. The newest is 1:")) == (0, True)
        code, said = await command(world, "audit", "show", "--since", "1h")
        assert "forgotten" in said
        assert ALEX not in said


async def test_keys_are_rotated_while_the_bot_runs(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.settled()
        code, said = await command(world, "keys", "rotate")
        assert (code, said) == (0, "There is a new data key. Sealed with it: 1 value.\n")
        code, said = await command(world, "keys", "status")
        assert code == 0
        assert "0 values\n" in said
        assert "in use  2 values\n" in said
        await world.place.post("alex", "#exchange", CURED, thread_ts=ts)
        await world.answer("#exchange", ts, 2)
        await world.settled(2)
    code, said = await command(world, "audit", "show", "--json")
    assert json.loads(said)["what"] == "keys-rotated"
    connection = await asyncpg.connect(world.environ["DATABASE_URL"])
    await connection.execute("alter table audit disable trigger all; update audit set kind = 'checked'")
    await connection.close()
    code, said = await command(world, "audit", "verify")
    assert code == 1
    assert "Entry 1 does not follow from the one before it" in said


MARKER = "zebra4711"


async def test_nothing_that_comes_in_is_stored_or_logged_readably(world: World, tmp_path: Path) -> None:
    """By every way in, with a marker in it."""
    file = tmp_path / "oncall.toml"
    file.write_text(TEXT + '[[rules]]\nwhen = "any-failure"\n')
    lines, place = io.StringIO(), world.place
    logs = logging.StreamHandler(lines)
    logs.setFormatter(JsonLines())
    logging.getLogger().addHandler(logs)
    logging.getLogger().setLevel(logging.DEBUG)
    paste = FAILING.replace("contoso", MARKER)
    ndr = f"550 5.7.64 TenantAttribution; Relay Access Denied; sam@{MARKER}.example {MARKER}"
    try:
        async with world.bot(MAILFLOW_ONCALL_FILE=str(file), MAILFLOW_MAX_FILE_BYTES="20000"):
            ts = await place.post("alex", "#exchange", paste)
            await world.answer("#exchange", ts)
            await place.post("alex", "#exchange", f"@Mailflow {ndr}", thread_ts=ts)
            await place.edit("alex", "#exchange", ts, paste + MARKER)
            await place.post("priya", "priya", f"diagnose {ndr}")
            await place.post("alex", "alex", "", files=[(f"{MARKER}.txt", ndr.encode())])
            await place.post("alex", "alex", "", files=[(f"{MARKER}.log", (paste * 20).encode())])
            await place.command("alex", "#exchange", "/mailflow", f"diagnose {ndr}")
            await place.command("alex", "#exchange", "/mailflow", f"explain {MARKER}")
            await place.command("alex", "#exchange", "/mailflow", f"check {MARKER}.invalid")
            await place.post("alex", "#exchange", f"@Mailflow check {MARKER}.invalid")
            await place.post("alex", "#exchange", "@Mailflow escalate", thread_ts=ts)
            await place.shortcut("sam", "#exchange", ts, "diagnose_message")
            await place.wait_for(lambda: place.messages("#on-call"), 20)
            for _ in range(4):  # it is a lot of work
                with suppress(TimeoutError):
                    await world.settled(12)
                    break
            await world.settled(12)
            async with open_database(world.settings()) as database:
                stored = await dump(database)
                held = await Cases(database).pasted(Thread(TEAM, "C0EXCHANGE", ts))
        assert any(MARKER in each.text for each in held)  # it came in
        assert MARKER not in stored
        assert MARKER.encode().hex() not in stored
        assert lines.getvalue().count("\n") > 10
        assert MARKER not in lines.getvalue()
    finally:
        logging.getLogger().removeHandler(logs)
        logging.getLogger().setLevel(logging.WARNING)


async def test_each_channel_is_kept_for_its_own_days(world: World) -> None:
    async with open_database(world.settings()) as database:
        for channel, days in (
            ("CLONG", 80),
            ("CLONG2", 95),
            ("CSHORT", 8),
            ("CSHORT2", 6),
            ("COTHER", 29),
            ("COTHER2", 31),
        ):
            await lived(database, "TONE", channel, "UANNA")
            age = f"- interval '{days} days'"
            await database.pool.execute(f"update incident_case set active_at = now() {age} where channel = '{channel}'")
            await database.pool.execute(
                f"update delivery set received_at = now() {age}, done_at = now() where channel = '{channel}' and event like '%1'"
            )
        await database.pool.execute(
            "update check_run set started_at = now() - interval '2 hours' where channel = 'CLONG'"
        )
        own = {"CLONG": 90, "CLONG2": 90, "CSHORT": 7, "CSHORT2": 7}
        await expire(database.pool, database.seal, Retention(30, own, 365))
        kept = {row["channel"] for row in await database.pool.fetch("select channel from incident_case")}
        assert kept == {"CLONG", "CSHORT2", "COTHER"}
        done = await database.pool.fetch("select channel from delivery where done_at is not null")
        assert {row["channel"] for row in done} == kept
        assert await database.pool.fetchval("select count(*) from delivery where done_at is null") == 6
        assert await database.pool.fetchval("select count(*) from check_run") == 5
        for table in ("evidence", "answer", "escalation", "reporter", "timer"):
            assert await database.pool.fetchval(f"select count(*) from {table}") == 3


def test_channels_and_days_are_read() -> None:
    settings = load({"MAILFLOW_RETENTION_CHANNELS": "C0123ABCD=7, G0456EFGH = 90,"}, Path("none.env"))
    assert settings.retention_channels == {"C0123ABCD": 7, "G0456EFGH": 90}
    for wrong in ("C0123ABCD", "general=7", "C0123ABCD=0", "C0123ABCD=3651", "C0123ABCD=7d", "C0123ABCD=-1"):
        with pytest.raises(SettingsError, match="such as C0123ABCD=7"):
            load({"MAILFLOW_RETENTION_CHANNELS": wrong}, Path("none.env"))


def test_log_lines_pass_a_last_net() -> None:
    record = logging.makeLogRecord(
        {
            "name": "bot.test",
            "msg": "could not write to sam@fabrikam.com",
            "levelname": "INFO",
            "reason": "AUTH PLAIN AHNhbQBodW50ZXIy",
            "nested": {"who": ["<sam@fabrikam.com>", 7], "sam@fabrikam.com": None},
            "url": "postgresql://mailflow:hunter2@db.contoso.com/x",
        }
    )
    line = JsonLines().format(record)
    said = json.loads(line)
    assert said["event"] == "could not write to [address]"
    assert said["reason"] == "AUTH PLAIN [credentials]"
    assert said["nested"] == {"who": ["<[address]>", 7], "[address]": None}
    assert "hunter2" not in line
