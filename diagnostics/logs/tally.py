"""What is counted while a log is read. The tallies of two ranges add up to the tally of both, in any order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from msgspec import Struct, field

from diagnostics.logs.counting import Count, Names, Room
from diagnostics.logs.episodes import Ends, Episode, Failing
from diagnostics.logs.sessions import Talk
from diagnostics.patterns import linear

_MOST_CELLS: Final = 5_000
_MOST_NEAR: Final = 5_000  # connectors of which successes are known
_MOST_MINUTES: Final = 20_000
_MOST_FAILURES: Final = 1_000  # of twice as many, these are kept
_MOST_FAILED_NAMES: Final = 100_000  # remote addresses and hours of all failures
_MOST_REMOTES: Final = 2_000  # of one failure
_LONGEST: Final = 160
# How far successes are told apart: by characters of a time (ten minutes, an hour, a day, not at all), and by address.
_SLOTS: Final = ((15, True), (13, True), (10, True), (0, True), (0, False))
# What differs between two replies of the same kind: addresses, hosts in brackets, numbers of messages and sessions.
_VARIABLE = linear(
    r"<[^<>]{0,320}>|\[[^\[\]]{0,320}\]|[\w.+=-]{1,64}@[\w.-]{1,255}|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9A-Fa-f]{8,64}\b|\b\d{6,}\b"
)
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


class Tally(Struct):
    """Counts by connector, remote address and hour, failures by (connector, error), and successes to compare them with.

    `near` holds the first and last success of each connector with each remote address in each slot of time; where that
    becomes too much, slots become longer. Nothing here grows with the size of the log beyond a bound: `rest` counts the
    sessions of failures that were let go, the rarest of very many, `blind` says that of some connectors no success is known.
    """

    cells: dict[Cell, Count] = field(default_factory=dict)
    near: dict[Cell, Ends] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failing] = field(default_factory=dict)
    began: bytes = b""
    ended: bytes = b""
    rest: int = 0
    blind: bool = False
    slot: int = 0  # index into _SLOTS
    _connectors: Names = field(default_factory=Names)
    _remotes: Names = field(default_factory=Names)
    _hours: Names = field(default_factory=Names)
    _minutes: dict[bytes, Count] = field(default_factory=dict)
    _room: Room = field(default_factory=lambda: Room(_MOST_FAILED_NAMES))

    def add(self, talks: Iterable[Talk]) -> None:
        """Count sessions that are over."""
        length, apart = _SLOTS[self.slot]
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
                scope = (talk.connector, remote if apart else b"", at[:length])
                known = self.near.get(scope)
                if known is None:
                    self._succeed(scope, Ends(talk, talk))
                    length, apart = _SLOTS[self.slot]
                elif at >= known.last.at:
                    known.last = talk
                elif at < known.first.at:
                    known.first = talk

    def join(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        for mine, theirs in zip(self.counts(), other.counts(), strict=True):
            mine.join(theirs)
        for minute, count in other._minutes.items():
            self._minute(minute).join(count)
        self.began = min(filter(None, (self.began, other.began)), default=b"")
        self.ended = max(self.ended, other.ended)
        while self.slot < other.slot:
            self._coarsen()
        self._add_near(other.near)
        self.blind = self.blind or other.blind
        for key, failing in other.failures.items():
            self._failing(*key).join(failing)
        self.rest += other.rest
        if other.rest:
            for key in self.failures.keys() - other.failures.keys():
                self.failures[key].partial = True

    def counts(self) -> tuple[Names, Names, Names]:
        """By connector, by remote address, and by hour."""
        self._fold()
        return self._connectors, self._remotes, self._hours

    @property
    def minutes(self) -> dict[str, Count]:
        """By minute of connecting, of a log that does not span weeks."""
        return {text(name): count for name, count in self._minutes.items()}

    def _cell(self, cell: Cell) -> Count:
        if len(self.cells) >= _MOST_CELLS:
            self._fold()
        return self.cells.setdefault(cell, Count())

    def _minute(self, name: bytes) -> Count:
        name = name if name in self._minutes or len(self._minutes) < _MOST_MINUTES else b""
        return self._minutes.setdefault(name, Count())

    def _fold(self) -> None:
        for (connector, remote, hour), count in self.cells.items():
            self._connectors.of(text(connector)).join(count)
            self._remotes.of(text(remote)).join(count)
            self._hours.of(text(hour)).join(count)
        self.cells.clear()

    def _succeed(self, scope: Cell, ends: Ends) -> None:
        known = self.near.get(scope)
        last = self.slot + 1 == len(_SLOTS)
        if known is not None:
            known.add(ends)
        elif last and len(self.near) >= _MOST_NEAR:
            self.blind = True
        else:
            self.near[scope] = ends
            if not last and len(self.near) > _MOST_CELLS:
                self._coarsen()

    def _coarsen(self) -> None:
        """Tell successes less far apart."""
        self.slot += 1
        finer, self.near = self.near, {}
        self._add_near(finer)

    def _add_near(self, ends: dict[Cell, Ends]) -> None:
        for (connector, remote, at), each in ends.items():
            length, apart = _SLOTS[self.slot]  # it may change with every one
            self._succeed((connector, remote if apart else b"", at[:length]), each)

    def _fail(self, talk: Talk, remote: bytes) -> None:
        failing = self._failing(text(talk.connector), shape(talk.error))
        failing.add(Episode(talk, talk))
        failing.hours.of(text(talk.began[:13])).sessions += 1
        failing.remotes.of(text(remote)).sessions += 1

    def _failing(self, connector: str, error: str) -> Failing:
        known = self.failures.get((connector, error))
        if known is None:
            if len(self.failures) >= 2 * _MOST_FAILURES:
                for key in sorted(self.failures, key=lambda each: self.failures[each].count)[:_MOST_FAILURES]:
                    self.rest += self.failures.pop(key).give_back()
            remotes, hours = Names(_MOST_REMOTES, self._room), Names(room=self._room)
            known = self.failures[connector, error] = Failing(remotes=remotes, hours=hours, partial=self.rest > 0)
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
