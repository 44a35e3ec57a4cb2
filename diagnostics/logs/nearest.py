"""The success next to a failure, to the session.

A tally keeps the first and the last success of ten minutes. Where a failure begins and ends within them, the stretch between
the failure and the nearest success known is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from diagnostics.logs.judging import Stretch, peer
from diagnostics.logs.layout import Kind, Layout
from diagnostics.logs.parts import Part, texts
from diagnostics.logs.scan import Scan
from diagnostics.logs.sessions import Place, Talk
from diagnostics.logs.sources import Source, UnreadableLogError
from diagnostics.logs.tally import Only

_MOST_BYTES: Final = 64 << 20
_BEHIND: Final = 256 * 1024

Files = Sequence[tuple[Source, Layout]]


class _Successes(Scan):
    """Hands on every success, and counts nothing."""

    def __init__(self, layout: Layout, connector: str, found: Callable[[Talk], None]) -> None:
        super().__init__(layout, Only(connector=connector), whole=True)
        self._found = found

    def _count(self, kind: Kind, talks: Iterable[Talk]) -> None:  # noqa: ARG002 - the place asked for has one kind
        for talk in talks:
            if talk.succeeded and self.only.holds(talk):
                self._found(talk)


def refine(stretch: Stretch, connector: str, files: Files) -> None:
    """Look for successes between the failures of a stretch and the nearest ones known."""
    first, last = stretch.episode.first, stretch.episode.last
    if stretch.before is not None:
        for talk in _between(stretch.before.first, first.last, connector, files):
            if stretch.before.at < talk.at < first.at:
                stretch.before = talk
                stretch.same_before = talk if peer(talk) == peer(first) else stretch.same_before
    if stretch.after is not None:
        end = (stretch.after.last[0], stretch.after.last[1] + _BEHIND)
        for talk in _between(last.first, end, connector, files):
            if last.at < talk.at < stretch.after.at:
                stretch.after = talk
            same = stretch.same_after
            if peer(talk) == peer(last) and talk.at > last.at and (same is None or talk.at < same.at):
                stretch.same_after = talk


def _between(start: Place, end: Place, connector: str, files: Files) -> Iterator[Talk]:
    """Successes of a connector between two places of one file, where that is not far."""
    file, size = start[0], end[1] - start[1]
    if file != end[0] or not 0 < size <= _MOST_BYTES or not files[file][0].seekable:
        return
    source, layout = files[file]
    found: list[Talk] = []
    scan = _Successes(layout, connector, found.append)
    try:
        for offset, text, whole in texts(Part(source, file, layout, start=start[1], end=end[1])):
            scan.feed(text if whole else text + b"\n", file, offset)
    except (UnreadableLogError, OSError):
        return  # it changed since it was read: what is known stands
    scan.close()
    yield from sorted(found, key=lambda talk: talk.at)
