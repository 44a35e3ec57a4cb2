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
    """One failure of one connector: its episodes, and its sessions by remote address and hour."""

    episodes: list[Episode] = field(default_factory=list)
    remotes: dict[str, int] = field(default_factory=dict)
    hours: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(episode.count for episode in self.episodes)

    def add(self, episode: Episode) -> None:
        """Take in an episode, which may bridge the pause between others."""
        apart = []
        for known in self.episodes:
            if known.near(episode):
                episode.join(known)
            else:
                apart.append(known)
        self.episodes = [*apart, episode]
        if len(self.episodes) > _MOST_EPISODES:
            self._halve()

    def _halve(self) -> None:
        """Join neighbours: a log that has so many stretches of one failure is told more roughly."""
        ordered = sorted(self.episodes, key=lambda each: _order(each.first))
        self.episodes = ordered[::2]
        for one, other in zip(self.episodes, ordered[1::2], strict=False):
            one.join(other)

    def whole(self, succeeded: Sequence[bytes]) -> list[Episode]:
        """The episodes in order, those joined between which nothing succeeded. `succeeded` are times of successes, sorted."""
        found: list[Episode] = []
        for episode in sorted(self.episodes, key=lambda each: _order(each.first)):
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
