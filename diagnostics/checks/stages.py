"""What the stages of a session share: the attempt they fill in, and how one of them ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from msgspec import Struct

from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.peer import Peer
from diagnostics.checks.run import Found
from diagnostics.checks.talk import shown


class StopError(Exception):
    """A stage's verdict is in, and nothing can follow."""


class Stages(Struct):
    """`inspected`: a middlebox rewrites the session, so what is missing in it says nothing about the server."""

    peer: Peer
    found: Found
    as_mx: bool = False
    inspected: bool = False

    @asynccontextmanager
    async def timed(self, stage: str) -> AsyncIterator[None]:
        """Writes the stage's milliseconds into the facts."""
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            yield
        finally:
            self.found.facts.setdefault("ms", {})[stage] = round((clock() - began) * 1000, 1)

    def stop(self, outcome: Outcome | None = None, detail: str = "") -> NoReturn:
        if outcome:
            self.found.add(outcome, detail)
        raise StopError

    def unreached(self, outcome: Outcome, words: str) -> NoReturn:
        """Ends the session before it began; a domain's mail server is then down, however it is."""
        self.stop("mx_host_down" if self.as_mx else outcome, words)

    def inspect(self, sign: str) -> None:
        self.inspected = True
        self.found.add("smtp_inspection", sign)


def quoted(seen: bytes) -> str:
    """The beginning of what came, fit to be shown."""
    return f'"{shown(seen[:60].decode("utf-8", "backslashreplace"))}"'
