"""A bot in a process of its own, with a clock that is read from a file, killed at the n-th step of an escalation.

Steps are the moments between what lasts: when a page has been marked as on its way, when it is out (or a timer taken, or
an event heard) and that isn't committed yet, and when it is committed and what follows has not begun.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bot.app import running
from bot.database.escalations import EscalationStore
from bot.database.held import Held
from bot.oncall.escalations import Escalations
from bot.settings import load
from tests.bot.conftest import QUICK

_LOOK = 0.2  # seconds between two sweeps, which are a minute apart in life: the clock in the file has no queue


def main(environ: dict[str, str], clock: str, kill_at: str, steps: str, ready: Connection) -> None:
    """Runs until it is killed: at the step that stands in the file `kill_at` when an escalation begins, 0 for none.
    How many steps there were is written to the file `steps`."""
    os.environ.update(environ)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
    count(Path(kill_at), Path(steps))
    asyncio.run(run(Path(clock), ready))


async def run(clock: Path, ready: Connection) -> None:
    async with running(load(), pace=QUICK, clock=lambda: datetime.fromisoformat(clock.read_text())) as bot:
        assert bot.escalations
        ready.send(bot.server.url)
        while True:
            await bot.escalations.rescue()
            await asyncio.sleep(_LOOK)


def count(kill_at: Path, steps: Path) -> None:
    """Counts steps from the newest escalation on."""
    counted, last = -1, 0

    def step() -> None:
        nonlocal counted
        if counted >= 0:
            counted += 1
            steps.write_text(str(counted))
            if counted == last:
                os.kill(os.getpid(), signal.SIGKILL)

    def begin() -> None:
        nonlocal counted, last
        counted, last = 0, int(kill_at.read_text())

    EscalationStore.send_off = _around(EscalationStore.send_off, lambda: None, step)  # type: ignore[method-assign]
    Escalations.escalate = _around(Escalations.escalate, begin, lambda: None)  # type: ignore[method-assign]
    for name in ("held", "opened"):
        setattr(EscalationStore, name, _transaction(getattr(EscalationStore, name), step))
    for name in ("save", "plan", "settle"):
        setattr(Held, name, _noted(getattr(Held, name)))


def _around(call: Callable[..., Any], before: Callable[[], None], after: Callable[[], None]) -> Any:
    async def stepped(*args: Any, **more: Any) -> Any:
        before()
        result = await call(*args, **more)
        after()
        return result

    return stepped


def _noted(call: Callable[..., Any]) -> Any:
    """Notes on an escalation that something of it was changed."""

    async def noted(self: Held, *args: Any, **more: Any) -> Any:
        self.changed = True  # type: ignore[attr-defined]
        return await call(self, *args, **more)

    return noted


def _transaction(call: Callable[..., Any], step: Callable[[], None]) -> Any:
    """A step before a commit and one after it, where there is something to commit."""

    @asynccontextmanager
    async def stepped(*args: Any) -> AsyncIterator[Held | None]:
        async with call(*args) as held:
            yield held
            changed = getattr(held, "changed", False)
            if changed:
                step()
        if changed:
            step()

    return stepped
