"""When a failure began and ended, and which successes stand on either side of it.

Everything is decided by the times that rows bear, never by the order in which they were read: so the ranges of a log, its
files, and the logs of several servers may be read in any order and at the same time, and add up to the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from diagnostics.logs.counting import Names
from diagnostics.logs.sessions import Talk

PAUSE: Final = timedelta(hours=1)
"""So long may a failure stay away and still be the same one, while others succeed."""

_MOST_EPISODES: Final = 200


class Ends(Struct):
    """The first and the last of some sessions, by the times of the rows that decided them."""

    first: Talk
    last: Talk

    def add(self, other: Ends) -> None:
        self.first = min(self.first, other.first, key=_order)
        self.last = max(self.last, other.last, key=_order)


class Episode(Ends):
    """Equal failures of one connector, none of them further than PAUSE from the next."""

    count: int = 1

    def near(self, other: Episode) -> bool:
        return not (_apart(self.last.at, other.first.at) or _apart(other.last.at, self.first.at))

    def join(self, other: Episode) -> None:
        self.add(other)
        self.count += other.count


class Failing(Struct):
    """One failure of one connector: its episodes, and its sessions by remote address and hour. `partial`: it may have more."""

    episodes: list[Episode] = field(default_factory=list)  # in order, no two of them near
    remotes: Names = field(default_factory=Names)
    hours: Names = field(default_factory=Names)
    partial: bool = False

    @property
    def count(self) -> int:
        return sum(episode.count for episode in self.episodes)

    def add(self, episode: Episode) -> None:
        """Take in an episode, which may bridge the pause between others."""
        place = bisect_right(self.episodes, _order(episode.first), key=lambda each: _order(each.first))
        begin = end = place
        while begin and self.episodes[begin - 1].near(episode):
            begin -= 1
        while end < len(self.episodes) and self.episodes[end].near(episode):
            end += 1
        for known in self.episodes[begin:end]:
            episode.join(known)
        self.episodes[begin:end] = [episode]
        if len(self.episodes) > _MOST_EPISODES:
            self._halve()

    def join(self, other: Failing) -> None:
        """Add what was counted elsewhere."""
        for episode in other.episodes:
            self.add(episode)
        self.remotes.join(other.remotes)
        self.hours.join(other.hours)
        self.partial = self.partial or other.partial

    def give_back(self) -> int:
        """Give back the room of its names; returns how many sessions it counted."""
        self.remotes.clear()
        self.hours.clear()
        return self.count

    def _halve(self) -> None:
        """Join neighbours: a log that has so many stretches of one failure is told more roughly."""
        ordered, self.episodes = self.episodes, self.episodes[::2]
        for one, other in zip(self.episodes, ordered[1::2], strict=False):
            one.join(other)

    def whole(self, succeeded: Sequence[bytes]) -> list[Episode]:
        """The episodes in order, those joined between which nothing succeeded. `succeeded` are times of successes, sorted."""
        found: list[Episode] = []
        for episode in self.episodes:
            copy = Episode(episode.first, episode.last, episode.count)
            if found and not _any_between(succeeded, found[-1].last.at, copy.first.at):
                found[-1].join(copy)
            else:
                found.append(copy)
        return found


def _any_between(times: Sequence[bytes], after: bytes, before: bytes) -> bool:
    at = bisect_right(times, after)
    return at < len(times) and times[at] < before


def _order(talk: Talk) -> tuple[bytes, tuple[int, int]]:
    return talk.at, talk.first


def _apart(one: bytes, other: bytes) -> bool:
    """Whether `other` is later than `one` by more than the pause. Most often the hours tell."""
    if one[:13] >= other[:13]:
        return False
    try:
        return datetime.fromisoformat(other.decode()) - datetime.fromisoformat(one.decode()) > PAUSE
    except (ValueError, TypeError):
        return False
