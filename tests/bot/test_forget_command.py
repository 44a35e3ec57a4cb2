"""What operators do to a bot that runs: a person is forgotten, keys are rotated, the audit is read."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import asyncpg

from bot.database import open_database
from bot.database.cases import Cases
from handlers.ports.thread import Thread
from tests.bot.conftest import World, everything
from tests.bot.pastes import CURED, FAILING
from tests.bot.stored import dump, lived

TEAM, ALEX = "T0CONTOSO1", "U0ALEXRIVE"


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


async def test_what_goes_on_without_them_is_not_said_to_be_deleted(world: World) -> None:
    async with open_database(world.settings()) as database:
        await lived(database, "TONE", "CONE", "UANNA")
    done = "1 paste, 2 deliveries, 1 check, 1 report, 1 vote, 1 choice, 2 audit entries"
    code, said = await command(world, "forget", "user", "UANNA", "--yes")
    assert (code, said) == (0, f"Deleted: {done}. Goes on without their name: 1 incident, 1 watch.\n")


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
