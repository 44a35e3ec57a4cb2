"""`mailflow migrate`, and a start that refuses to do it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from bot import migrate_command
from bot.database import StartError, open_database
from bot.database.schema import names
from tests.bot.conftest import EMPTY, World

pytestmark = EMPTY


async def migrate(*, check: bool) -> int:
    """In a thread: the command runs a loop of its own."""
    return await asyncio.to_thread(lambda: migrate_command.run(check=check))


@pytest.fixture
def environ(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return world.environ


async def test_what_is_due_is_told_then_done_once(
    world: World, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await migrate(check=True) == 1
    assert capsys.readouterr().out == f"Due: {', '.join(names())}\n"
    assert await world.rows("select 1 from pg_tables where schemaname = 'public'") == []
    assert await migrate(check=False) == 0
    assert capsys.readouterr().out == f"Done: {', '.join(names())}\n"
    assert await migrate(check=True) == 0
    assert await migrate(check=False) == 0
    assert capsys.readouterr().out == "The database is up to date.\n" * 2


async def test_jobs_that_run_at_once_wait_for_each_other(world: World, environ: dict[str, str]) -> None:
    assert await asyncio.gather(*(migrate(check=False) for _ in range(3))) == [0, 0, 0]
    rows = await world.rows("select name from migration")
    assert sorted(row["name"] for row in rows) == sorted(names())


async def test_a_start_may_refuse_instead(world: World, environ: dict[str, str]) -> None:
    settings = world.settings(MAILFLOW_MIGRATE_AT_START="false")
    with pytest.raises(StartError, match="run `mailflow migrate`"):
        async with open_database(settings):
            pass
    await migrate(check=False)
    async with open_database(settings):
        pass


async def test_what_cant_be_done_is_a_sentence(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await asyncpg.connect(environ["DATABASE_URL"])
    await connection.execute("create role migrator login")
    try:
        await connection.execute("revoke create on schema public from public")
        url = environ["DATABASE_URL"].replace("postgresql://postgres:", "postgresql://migrator:", 1)
        monkeypatch.setenv("DATABASE_URL", url)
        assert await migrate(check=False) == 2
        assert "InsufficientPrivilegeError" in capsys.readouterr().err
        monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@127.0.0.1:1/x")
        assert await migrate(check=True) == 2
        said = capsys.readouterr().err
        assert "check DATABASE_URL" in said
        assert "hunter2" not in said
    finally:
        await connection.execute("drop role migrator")
        await connection.close()


async def test_nothing_is_made_to_see_what_is_due(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("MAILFLOW_HOME", str(tmp_path / "new"))
    assert await migrate(check=True) == 1
    assert not (tmp_path / "new").exists()
