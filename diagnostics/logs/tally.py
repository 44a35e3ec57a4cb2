"""What is counted while a log is read. The tallies of two ranges add up to the tally of both, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct, field

from diagnostics.logs.episodes import Ends, Episode, Failing
from diagnostics.logs.sessions import Talk
from diagnostics.patterns import linear

OTHERS: Final = "(others)"
_MOST_NAMES: Final = 20_000  # connectors, remote addresses and hours that are counted each by itself
_MOST_CELLS: Final = 8_000
_MOST_FAILURES: Final = 1_000
_LONGEST: Final = 160
_SLOTS: Final = (15, 13, 10, 0)  # characters of a time: ten minutes, an hour, a day, always
# What differs between two replies of the same kind: addresses, hosts in brackets, numbers of messages and sessions.
_VARIABLE = linear(
    r"<[^<>]{0,320}>|\[[^\[\]]{0,320}\]|[\w.+=-]{1,64}@[\w.-]{1,255}|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9A-Fa-f]{8,64}\b|\b\d{6,}\b"
)
Names = dict[str, "Count"]
Cell = tuple[bytes, bytes, bytes]


class Only(Struct, frozen=True):
    """What is counted: sessions that began from `since` on and before `until` (ISO 8601, "" for no border), and whose
    connector's name holds `connector`, in any case."""

    since: str = ""
    until: str = ""
    connector: str = ""

    @property
    def everything(self) -> bool:
        return not (self.since or self.until or self.connector)

    def holds(self, talk: Talk) -> bool:
        began = talk.began.decode("ascii", "replace")
        if (self.since and began < self.since) or (self.until and began >= self.until):
            return False
        return self.connector.casefold() in text(talk.connector).casefold()


EVERYTHING: Final = Only()


class Count(Struct):
    sessions: int = 0
    failed: int = 0
    messages: int = 0

    def join(self, other: Count) -> None:
        self.sessions += other.sessions
        self.failed += other.failed
        self.messages += other.messages


class Tally(Struct):
    """Counts by connector, remote address and hour, failures by (connector, error), and successes to compare them with.

    `near` holds the first and last success of each connector with each remote address in each slot of time; where that
    becomes too much, slots become longer. Nothing here grows with the size of the log beyond a bound.
    """

    cells: dict[Cell, Count] = field(default_factory=dict)
    near: dict[Cell, Ends] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failing] = field(default_factory=dict)
    began: bytes = b""
    ended: bytes = b""
    slot: int = 0  # index into _SLOTS
    _connectors: Names = field(default_factory=dict)
    _remotes: Names = field(default_factory=dict)
    _hours: Names = field(default_factory=dict)
    _minutes: dict[bytes, Count] = field(default_factory=dict)

    def add(self, talks: Iterable[Talk]) -> None:
        """Count sessions that are over."""
        for talk in talks:
            began, at = talk.began, talk.at
            remote = talk.remote.rpartition(b":")[0] or talk.remote
            cell = (talk.connector, remote, began[:13])
            count = self.cells.get(cell) or self._cell(cell)
            minute = self._minutes.get(began[:16]) or self._minute(began[:16])
            count.sessions += 1
            minute.sessions += 1
            if talk.messages:
                count.messages += talk.messages
                minute.messages += talk.messages
            if began < self.began or not self.began:
                self.began = began
            if at > self.ended:
                self.ended = at
            if talk.rank:
                count.failed += 1
                minute.failed += 1
                self._fail(talk, remote)
            elif talk.messages or talk.ended:
                scope = (talk.connector, remote, at[: _SLOTS[self.slot]])
                known = self.near.get(scope)
                if known is None:
                    self._succeed(scope, Ends(talk, talk))
                elif at >= known.last.at:
                    known.last = talk
                elif at < known.first.at:
                    known.first = talk

    def join(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        for cell, count in other.cells.items():
            (self.cells.get(cell) or self._cell(cell)).join(count)
        for mine, theirs in zip(self._named(), other._named(), strict=True):
            for name, count in theirs.items():
                _of(mine, name).join(count)
        for minute, count in other._minutes.items():
            self._minute(minute).join(count)
        self.began = min(filter(None, (self.began, other.began)), default=b"")
        self.ended = max(self.ended, other.ended)
        while self.slot < other.slot:
            self._coarsen()
        for (connector, remote, at), ends in other.near.items():
            self._succeed((connector, remote, at[: _SLOTS[self.slot]]), ends)
        for key, failing in other.failures.items():
            known = self._failing(*key)
            for episode in failing.episodes:
                known.add(episode)
            for counts, more in ((known.hours, failing.hours), (known.remotes, failing.remotes)):
                for name, number in more.items():
                    _raise(counts, name, number)

    def counts(self) -> tuple[Names, Names, Names]:
        """By connector, by remote address, and by hour."""
        self._fold()
        return self._named()

    @property
    def minutes(self) -> Names:
        """By minute of connecting, of a log that does not span weeks."""
        return {text(name): count for name, count in self._minutes.items()}

    def ends(self, connector: str) -> Iterator[Ends]:
        """The first and last success of a connector in every slot of time, by remote address."""
        return (ends for (name, _, _), ends in self.near.items() if text(name) == connector)

    def _named(self) -> tuple[Names, Names, Names]:
        return self._connectors, self._remotes, self._hours

    def _cell(self, cell: Cell) -> Count:
        if len(self.cells) >= _MOST_CELLS:
            self._fold()
        return self.cells.setdefault(cell, Count())

    def _minute(self, name: bytes) -> Count:
        name = name if name in self._minutes or len(self._minutes) < _MOST_NAMES else OTHERS.encode()
        return self._minutes.setdefault(name, Count())

    def _fold(self) -> None:
        for (connector, remote, hour), count in self.cells.items():
            for counts, name in zip(self._named(), (connector, remote, hour), strict=True):
                _of(counts, text(name)).join(count)
        self.cells.clear()

    def _succeed(self, scope: Cell, ends: Ends) -> None:
        known = self.near.setdefault(scope, ends)
        if known is not ends:
            known.add(ends)
        elif len(self.near) > _MOST_CELLS:
            self._coarsen()

    def _coarsen(self) -> None:
        """Make slots longer; where they can't be longer, forget addresses."""
        whole = self.slot + 1 == len(_SLOTS)
        self.slot = min(self.slot + 1, len(_SLOTS) - 1)
        finer, self.near = self.near, {}
        for (connector, remote, at), ends in finer.items():
            scope = (connector, b"" if whole else remote, at[: _SLOTS[self.slot]])
            known = self.near.setdefault(scope, ends)
            if known is not ends:
                known.add(ends)

    def _fail(self, talk: Talk, remote: bytes) -> None:
        failing = self._failing(text(talk.connector), shape(talk.error))
        failing.add(Episode(talk, talk))
        _raise(failing.hours, text(talk.began[:13]), 1)
        _raise(failing.remotes, text(remote), 1)

    def _failing(self, connector: str, error: str) -> Failing:
        known = self.failures.get((connector, error))
        if known is None:
            error = error if len(self.failures) < _MOST_FAILURES else OTHERS
            known = self.failures.setdefault((connector, error), Failing())
        return known


def shape(error: str) -> str:
    """The failure without what differs from session to session."""
    return _shape(error[:1000])


@lru_cache(maxsize=1024)
def _shape(error: str) -> str:
    return str(_VARIABLE.sub("*", error))[:_LONGEST] or "(no words)"


@lru_cache(maxsize=4096)
def text(name: bytes) -> str:
    """A cell as text. An IPv6 address loses its brackets."""
    return name.decode("utf-8", "replace").strip().strip("[]")


def _of(counts: Names, name: str) -> Count:
    known = counts.get(name)
    if known is None:
        known = counts.setdefault(name if len(counts) < _MOST_NAMES else OTHERS, Count())
    return known


def _raise(counts: dict[str, int], name: str, by: int) -> None:
    name = name if name in counts or len(counts) < _MOST_NAMES else OTHERS
    counts[name] = counts.get(name, 0) + by
