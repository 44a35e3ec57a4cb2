"""`mailflow doctor`: looks at everything that the bot needs, and says in plain words what is missing.

It changes nothing: what it writes into the database is rolled back, what it asks Slack leaves no trace, and it opens no
socket, because Slack would deliver events to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import aiohttp

from bot.doctor import database, machine, network, oncall, slack
from bot.doctor.model import Finding, Look, Subject
from bot.settings import read

SECONDS: Final = 20.0
"""For one look, of which all run side by side."""

LOOKS: Final = (
    Look("this machine", machine.look),
    Look("database", database.look),
    Look("Slack", slack.look),
    Look("app token", slack.look_at_app_token),
    Look("network", network.look),
    Look("on call", oncall.look),
)


async def examine(environ: Mapping[str, str], dotenv: Path) -> AsyncIterator[Finding]:
    """Findings as they come."""
    settings, wrong = read(environ, dotenv)
    for sentence in wrong:
        yield Finding("settings", "fault", sentence, "Until then it counts as unset.")
    if not wrong:
        yield Finding("settings", "ok", "All settings are right.")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        async for finding in _side_by_side(Subject(settings, session)):
            yield finding


async def _side_by_side(subject: Subject) -> AsyncIterator[Finding]:
    found: asyncio.Queue[Finding | None] = asyncio.Queue()
    tasks = [asyncio.create_task(_take(look, subject, found)) for look in LOOKS]
    try:
        open_looks = len(tasks)
        while open_looks:
            finding = await found.get()
            if finding is None:
                open_looks -= 1
            else:
                yield finding
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _take(look: Look, subject: Subject, found: asyncio.Queue[Finding | None]) -> None:
    """Puts what a look finds, then None. A look that fails says so, and keeps no other from being taken."""
    try:
        async with asyncio.timeout(SECONDS):
            async for finding in look.findings(subject):
                await found.put(finding)
    except TimeoutError:
        await found.put(Finding(look.name, "warning", f"This took longer than {SECONDS:.0f} s, so I stopped."))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other looks must be told
        says = f"This could not be looked at ({type(error).__name__})."
        await found.put(Finding(look.name, "warning", says, "Please report it: it is a fault of Mailflow."))
    finally:
        await found.put(None)
