"""A static rota: who is on call at a moment, and when that changes next. Pure.

Shifts are handed over at the same time on the wall all year round, so that a week with a change of clocks is an hour
longer or shorter than others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.oncall.hours import Window, inside, instant, next_edge

_HORIZON: Final = timedelta(days=400)  # a rota that changes nothing for so long doesn't change


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns of `days` days from `start` on, which is naive: what the wall shows. Within `windows` only,
    where there are any."""

    people: tuple[str, ...]
    start: datetime
    days: int
    windows: tuple[Window, ...] = ()

    def who(self, at: datetime, zone: ZoneInfo) -> str | None:
        turn = self._turn(at, zone)
        if turn < 0 or (self.windows and not inside(self.windows, zone, at)):
            return None
        return self.people[turn % len(self.people)]

    def edges(self, at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The next moments after `at` at which `who` may change."""
        turn = self._turn(at, zone)
        if turn < 0 or len(self.people) > 1:
            yield self._handover(max(turn, -1) + 1, zone)
        if edge := next_edge(self.windows, zone, at):
            yield edge

    def _turn(self, at: datetime, zone: ZoneInfo) -> int:
        """Whose turn it is, counted from 0; -1 before the first."""
        wall = at.astimezone(zone).replace(tzinfo=None)
        turn = (wall - self.start) // timedelta(days=self.days)
        while self._handover(turn, zone) > at:  # near a change of clocks the wall misleads by an hour
            turn -= 1
        while self._handover(turn + 1, zone) <= at:
            turn += 1
        return max(turn, -1)

    def _handover(self, turn: int, zone: ZoneInfo) -> datetime:
        return instant(self.start + timedelta(days=self.days * turn), zone)


@dataclass(frozen=True, slots=True)
class Override:
    """`person` is on call from `begin` to `end` (aware), whatever the layers say."""

    person: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rota:
    """The last override that holds decides, else the first layer that has somebody on duty."""

    zone: ZoneInfo
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...] = ()

    def who(self, at: datetime) -> str | None:
        """Who is on call at `at` (aware); None for nobody."""
        for override in reversed(self.overrides):
            if override.begin <= at < override.end:
                return override.person
        return next((person for layer in self.layers if (person := layer.who(at, self.zone))), None)

    def next_change(self, at: datetime) -> datetime | None:
        """The first moment after `at` at which somebody else is on call; None when that is not within 400 days."""
        before, moment, last = self.who(at), at, at + _HORIZON
        while (edge := min(self._edges(moment), default=None)) and edge <= last:
            if self.who(edge) != before:
                return edge
            moment = edge
        return None

    def _edges(self, at: datetime) -> Iterator[datetime]:
        for layer in self.layers:
            yield from layer.edges(at, self.zone)
        for override in self.overrides:
            yield from (edge for edge in (override.begin, override.end) if edge > at)
