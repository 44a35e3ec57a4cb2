"""Nothing that comes in is stored or logged readably."""

from __future__ import annotations

import io
import json
import logging
from contextlib import suppress
from pathlib import Path

from bot.database import open_database
from bot.database.cases import Cases
from bot.logs import JsonLines
from bot.playground.people import CONTOSO
from handlers.ports.thread import Thread
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.bot.stored import dump
from tests.oncall.policies import TEXT

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
                held = await Cases(database).pasted(Thread(CONTOSO.id, "C0EXCHANGE", ts))
        assert any(MARKER in each.text for each in held)  # it came in
        assert MARKER not in stored
        assert MARKER.encode().hex() not in stored
        assert lines.getvalue().count("\n") > 10
        assert MARKER not in lines.getvalue()
    finally:
        logging.getLogger().removeHandler(logs)
        logging.getLogger().setLevel(logging.WARNING)


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
