"""A bot in a process of its own, for tests that kill it: python -m tests.bot.child MOMENT

`before-answer` dies when the stored delivery is about to be dealt with, `after-post` when Slack has the answer and
the record does not, `after-record` when the delivery is about to be closed, `in-log` when a large log is being read, `never`
lives. Prints its address.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from bot.app import running, until_stopped
from bot.database.cases import Cases
from bot.database.inbox import Inbox
from bot.jobs import Worker
from bot.log_reading import LogReader
from bot.settings import load
from tests.bot.conftest import QUICK


async def die(*_: Any, **__: Any) -> None:
    # The acknowledgement is on its way: the test is about what happens after Slack has it.
    await asyncio.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


def arrange(moment: str) -> None:
    if moment == "before-answer":
        Worker._deal_with = die  # type: ignore[method-assign]
    elif moment == "after-post":
        mark = Cases.mark

        async def marked(self: Cases, answer: Any, state: Any, ts: Any = None) -> None:
            if state == "sent":
                await die()
            await mark(self, answer, state, ts)

        Cases.mark = marked  # type: ignore[method-assign]
    elif moment == "after-record":
        Inbox.done = die  # type: ignore[method-assign]
    elif moment == "in-log":
        LogReader._read = die  # type: ignore[method-assign]


async def run() -> None:
    async with running(load(), pace=QUICK) as bot:
        sys.stdout.write(f"{bot.server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    arrange(sys.argv[1])
    asyncio.run(until_stopped(run))
