"""The success next to a failure, to the session.

A tally keeps the first and the last success of a stretch of time. What lies between a failure and those is read once more, from
the failure on and only as far as it takes. Of packed files, and further away than 64 MB, what the tally knows stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from diagnostics.logs.judging import Stretch, peer
from diagnostics.logs.layout import Kind, Layout
from diagnostics.logs.parts import Part, texts
from diagnostics.logs.scan import Scan
from diagnostics.logs.sessions import Place, Talk
from diagnostics.logs.sources import Source, UnreadableLogError
from diagnostics.logs.tally import EVERYTHING, text

_MOST_BYTES: Final = 64 << 20
_FIRST_BYTES: Final = 256 * 1024
_BEFORE: Final = 64 * 1024  # where a session begins that is decided later; more, if its beginning is not there
_MOST_BEFORE: Final = 4 << 20
_BEHIND: Final = 128 * 1024  # and where one ends

Files = Sequence[tuple[Source, Layout]]


class _Successes(Scan):
    """Keeps every success of a connector, and counts nothing. `unclear` may be some: their beginning was not read."""

    def __init__(self, layout: Layout, connector: str, *, whole: bool) -> None:
        super().__init__(layout, EVERYTHING, whole=whole)
        self.found: list[Talk] = []
        self._kind = layout.kind
        self._connector = connector

    def _count(self, kind: Kind, talks: Iterable[Talk]) -> None:
        self.found += self._wanted(talks) if kind == self._kind else ()

    def _wanted(self, talks: Iterable[Talk]) -> Iterator[Talk]:
        return (talk for talk in talks if talk.succeeded and text(talk.connector) == self._connector)

    def unclear(self) -> Iterator[Talk]:
        known = self.sessions.get(self._kind)
        return self._wanted(known.pieces.values()) if known else iter(())


class _Nearby:
    """Successes of a connector around a place. The files are taken as one log, in their order."""

    def __init__(self, files: Files, connector: str) -> None:
        self._files = files
        self._connector = connector
        self._begins = [0, *accumulate(source.size for source, _ in files)]

    def before(self, place: Place, known: Place) -> Iterator[Talk]:
        """Those decided before a place and from a known one on, the latest first."""
        end, size = self._at(place), _FIRST_BYTES
        low = max(self._at(known), end - _MOST_BYTES) if self._seekable(place, known) else end
        while low < end:
            begin = max(low, end - size)
            yield from sorted(self._decided(begin, end, place[0]), key=_time, reverse=True)
            end, size = begin, 4 * size

    def after(self, place: Place, known: Place) -> Iterator[Talk]:
        """Those decided behind a place and up to a known one, the earliest first."""
        begin, size = self._at(place), _FIRST_BYTES
        high = min(self._at(known) + 1, begin + _MOST_BYTES) if self._seekable(place, known) else begin
        while begin < high:
            end = min(high, begin + size)
            yield from sorted(self._decided(begin, end, place[0]), key=_time)
            begin, size = end, 4 * size

    def _decided(self, start: int, end: int, file: int) -> list[Talk]:
        margin = _BEFORE
        while True:
            begin = max(start - margin, 0)
            scan = _Successes(self._files[file][1], self._connector, whole=not begin)
            self._read(scan, begin, end + _BEHIND)
            if not any(start <= self._at(talk.last) < end for talk in scan.unclear()) or margin > _MOST_BEFORE:
                return [talk for talk in scan.found if start <= self._at(talk.last) < end]
            margin *= 8

    def _read(self, scan: Scan, begin: int, end: int) -> None:
        for number, (source, layout) in enumerate(self._files):
            start, stop = begin - self._begins[number], end - self._begins[number]
            if source.seekable and start < source.size and stop > 0:
                scan.layout = layout
                try:
                    for offset, lines, whole in texts(Part(source, number, layout, start=max(start, 0), end=stop)):
                        scan.feed(lines if whole else lines + b"\n", number, offset)
                except (UnreadableLogError, OSError):
                    pass  # it changed since it was read: what is known stands
        scan.close()

    def _at(self, place: Place) -> int:
        return self._begins[place[0]] + place[1]

    def _seekable(self, *places: Place) -> bool:
        return all(self._files[file][0].seekable for file, _ in places)


def refine(stretch: Stretch, connector: str, files: Files) -> None:
    """Look for successes between the failures of a stretch and the nearest ones known."""
    first, last, nearby = stretch.episode.first, stretch.episode.last, _Nearby(files, connector)
    if stretch.before is not None:
        known = min(each.first for each in (stretch.before, stretch.same_before) if each is not None)
        for talk in nearby.before(first.last, known):
            if talk.at < first.at and _counts(talk, first, stretch):
                stretch.before = max(stretch.before, talk, key=_time)
                if stretch.same_before is None:
                    break
                if peer(talk) == peer(first):
                    stretch.same_before = max(stretch.same_before, talk, key=_time)
                    break
    if stretch.after is not None:
        known = max(each.last for each in (stretch.after, stretch.same_after) if each is not None)
        for talk in nearby.after(last.last, known):
            if talk.at > last.at and _counts(talk, last, stretch):
                stretch.after = min(stretch.after, talk, key=_time)
                if stretch.same_after is None:
                    break
                if peer(talk) == peer(last):
                    stretch.same_after = min(stretch.same_after, talk, key=_time)
                    break


def _counts(talk: Talk, to: Talk, stretch: Stretch) -> bool:
    """Whether a success says something of this failure: not where other addresses were reached all the time."""
    return not stretch.apart or peer(talk) == peer(to)


def _time(talk: Talk) -> bytes:
    return talk.at
