"""A log that is still being written: read what was added, and tell which failures are new."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.logs.finding import Found
from diagnostics.logs.judging import Failure, Judged, failures, judged
from diagnostics.logs.layout import HEAD, Layout, head
from diagnostics.logs.model import LogFile, LogSummary
from diagnostics.logs.parts import Part, texts
from diagnostics.logs.picking import pick
from diagnostics.logs.scan import Scan
from diagnostics.logs.sessions import Talk
from diagnostics.logs.sources import Source
from diagnostics.logs.summary import told_kind
from diagnostics.logs.tally import Only
from diagnostics.report import Report


class Follower:
    """Reads growing files from where it left them. Files that can't grow (packed ones, UTF-16) are read once."""

    def __init__(self, found: Found, only: Only) -> None:
        self._files: list[tuple[Source, Layout]] = []
        self._places: list[int] = []
        self._layouts: list[Layout] = []
        self._known: dict[tuple[str, str, str], int] = {}
        self._scan = Scan(Layout.of("smtp-send-log"), only, whole=True)
        self.add(found)

    def add(self, found: Found) -> None:
        """Take on the files that it does not know yet: a log goes on in a new file every day."""
        paths = {(source.path, source.member) for source, _ in self._files}
        for known in found.logs:
            if (known.source.path, known.source.member) not in paths:
                self._files.append((known.source, known.layout))
                self._layouts.append(known.layout)
                self._places.append(0)

    def poll(self) -> list[Report]:
        """Read what was added since the last time. A report for each failure that began in it, worst first."""
        for number in range(len(self._files)):
            self._read(number)
        began = [each for each in failures(self._scan.tallies) if self._new(each)]
        talks = [talk for each in began for talk in each.representatives()]
        picked = pick(talks, self._files, self._scan.marks)
        return [self._report(judged(each, picked, self._layout)) for each in began]

    def _layout(self, talk: Talk) -> Layout:
        return self._scan.layout_at(talk.first, self._files[talk.first[0]][1])

    def _report(self, verdict: Judged) -> Report:
        files = (
            LogFile(name=source.name, kind=layout.kind, bytes=source.size, lines=self._scan.lines.get(number, 0))
            for number, (source, layout) in enumerate(self._files)
        )
        log = LogSummary(
            files=tuple(files),
            kinds=tuple(told_kind(kind, tally) for kind, tally in sorted(self._scan.tallies.items())),
            failures=(verdict.entry,),
            lines=sum(self._scan.lines.values()),
        )
        return verdict.report.model_copy(update={"log": log})

    def _new(self, failure: Failure) -> bool:
        key = (failure.kind, failure.connector, failure.error)
        before, now = self._known.get(key, 0), len(failure.stretches)
        self._known[key] = now
        return now > before

    def _read(self, number: int) -> None:
        source, layout = self._files[number]
        start = self._places[number]
        self._scan.layout = self._layouts[number]
        for offset, text in _grown(source, number, layout, start):
            if start == 0 and offset == 0:
                opening = head(text[:HEAD].decode("utf-8", "replace"))
                self._scan.layout = opening.layout if opening else layout
            self._scan.feed(text, number, offset)
            self._places[number] = offset + len(text)
        self._layouts[number] = self._scan.layout


def _grown(source: Source, number: int, layout: Layout, start: int) -> Iterator[tuple[int, bytes]]:
    """The whole lines behind byte `start`; a line that is not finished yet waits for the next time."""
    if start and not source.seekable:
        return
    for offset, text, whole in texts(Part(source, number, layout, start=start)):
        if whole:
            yield offset, text
