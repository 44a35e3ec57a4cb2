"""A bot in a process of its own that is killed at the point that stands in a file.

A point is the moment just before or after a commit, a statement that commits by itself, or a call of Slack, and is named
after the function that does it: "after commit in Inbox.accept". These hooks exist here alone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg.connection
import asyncpg.transaction

from bot import app, slack
from bot.jobs import Pace
from bot.settings import load

CALL_SECONDS = 1.0
"""How long a call of Slack may take here, so that faults that are a matter of patience come within seconds."""
QUICK = Pace(heartbeat=1.0, backoff=0.1, tries=20, busy=0.05, stop=2.0, rescue=2.0, straggler=0.5, slack={})
_OURS = ("bot.", "handlers.", "pgqueuer.")
_WRITES = ("insert", "update", "delete", "with")
_BY_THE_CLOCK = (
    "heartbeat",
    "expire",
    "outdated",
    "tidy",
    "clear_up",
    "rescue",
    "schedule",
    "aggregate",
    "opened_seal",
    "migrate",
)


def main(environ: dict[str, str], folder: str, ready: Connection, *, quick: bool = True) -> None:
    """Runs until SIGTERM or its death. `folder` holds `armed`, a number and a point: the process dies when it comes there for
    that number of times. Points that it passes are added to `passed`."""
    os.environ.update(environ)
    sys.stderr = (Path(folder) / "log").open("a", buffering=1)
    slack.CALL_SECONDS = CALL_SECONDS if quick else slack.CALL_SECONDS
    if quick:
        _arrange(Points(Path(folder)))
    asyncio.run(app.until_stopped(lambda: _run(ready, QUICK if quick else Pace())))


async def _run(ready: Connection, pace: Pace) -> None:
    app.log_lines.configure("INFO")
    async with app.running(load(), pace=replace(pace), announce=ready.send):
        ready.send("ready")
        await asyncio.Event().wait()


class Points:
    """Counts how often each point was passed."""

    def __init__(self, folder: Path) -> None:
        self._armed = folder / "armed"
        self._passed = folder / "passed"
        self._seen: dict[str, int] = {}
        self._since = ""

    def passed(self, when: str, what: str) -> None:
        if not (where := _where(sys._getframe(2))):
            return
        name = f"{when} {what} in {where}"
        if name not in self._seen:
            with self._passed.open("a") as file:
                file.write(f"{name}\n")
        armed = self._armed.read_text()
        if armed != self._since:  # counted from when it was armed on
            self._since = armed
            self._seen = dict.fromkeys(self._seen, 0)
        self._seen[name] = self._seen.get(name, 0) + 1
        number, _, point = armed.partition(" ")
        if name == point and self._seen[name] >= int(number):
            os.kill(os.getpid(), signal.SIGKILL)


def _where(frame: FrameType | None) -> str:
    """The function of ours, or of the queue, that a statement or call comes from; "" for what the clock brings."""
    found = ""
    while frame is not None:
        name = frame.f_code.co_qualname
        if any(word in name for word in _BY_THE_CLOCK):
            return ""
        if not found and str(frame.f_globals.get("__name__")).startswith(_OURS):
            found = name.removesuffix(".<locals>.<lambda>")
        frame = frame.f_back
    return found


def _arrange(points: Points) -> None:
    leave = asyncpg.transaction.Transaction.__aexit__

    async def left(self: Any, kind: Any, *rest: Any) -> None:
        commits = kind is None and not self._nested
        if commits:
            points.passed("before", "commit")
        await leave(self, kind, *rest)
        if commits:
            points.passed("after", "commit")

    asyncpg.transaction.Transaction.__aexit__ = left
    asyncpg.connection.Connection._execute = _stepped(
        points, asyncpg.connection.Connection._execute, lambda self, query, *_: _statement(self, query)
    )
    slack.PacedClient.api_call = _stepped(  # type: ignore[method-assign]
        points, slack.PacedClient.api_call, lambda _self, method, *_: str(method)
    )


def _statement(connection: Any, query: str) -> str:
    """What a statement that commits by itself is called; "" for others."""
    verb = query.split(maxsplit=1)[0].lower()
    return verb if verb in _WRITES and not connection.is_in_transaction() else ""


def _stepped(points: Points, call: Callable[..., Awaitable[Any]], named: Callable[..., str]) -> Any:
    async def stepped(*args: Any, **more: Any) -> Any:
        what = named(*args)
        if what:
            points.passed("before", what)
        result = await call(*args, **more)
        if what:
            points.passed("after", what)
        return result

    return stepped
