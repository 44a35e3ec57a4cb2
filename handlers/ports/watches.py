"""Targets that are looked at on schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from handlers.ports.checks import Asker

if TYPE_CHECKING:
    from diagnostics.checks.model import CheckVerdict


@dataclass(frozen=True, slots=True)
class Watch:
    """A target that a channel has watched. `verdict` and `open` (faults) are of the last look; `paused` says why nobody can
    be told any more, "" while they can. `channel` is an id."""

    target: str
    every: timedelta
    owner: str
    verdict: CheckVerdict | Literal[""] = ""
    open: int = 0
    looked_at: datetime | None = None
    next_at: datetime | None = None
    paused: str = ""
    channel: str = ""


class WatchRefusedError(Exception):
    """The watch was not begun; the text is one sentence that says why and what to do."""


class Watches(Protocol):
    """What channels have watched. All of it may be repeated without harm."""

    async def start(self, text: str, every: timedelta, asker: Asker) -> Watch:
        """Watches the target that `text` names for the asker's channel, from now on, or changes how often.

        Raises diagnostics.checks.TargetError for what is no target, WatchRefusedError where no more may be watched.
        """

    async def stop(self, text: str, team: str, channel: str) -> bool:
        """Ends a channel's watch; False when there is none. Raises diagnostics.checks.TargetError."""

    async def listed(self, team: str, channel: str) -> tuple[Watch, ...]:
        """The watches of a channel, by target."""

    async def begun_by(self, team: str, member: str) -> tuple[Watch, ...]:
        """The watches that somebody began, in whatever channel, by target."""
