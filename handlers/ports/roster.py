"""Who is on call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is behind a target of the on-call file at the moment: names of `people`, `systems` that are told.

    `until` is when that changes, in the zone of the file, as far as it is known; `problem` what could not be found out.
    """

    target: str
    people: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    until: datetime | None = None
    problem: str = ""

    @property
    def said(self) -> str:
        """Who it is until when, in words."""
        who = ", ".join((*self.people, *self.systems)) or "nobody"
        until = f", until {self.until:%a %d %b %H:%M} ({self.until.tzinfo})" if self.until and self.people else ""
        return f"{who}{until}{f' ({self.problem})' if self.problem else ''}"


class Roster(Protocol):
    async def now(self, team: str) -> tuple[Duty, ...]:
        """Every target of the on-call file, in its order; none where it serves another team's workspace."""
