"""Large logs in, one report out: what the command line and a job of the bot call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from diagnostics.logs.layout import HEAD, Kind, Layout, head
from diagnostics.logs.model import LogCount, LogFile, LogKind, LogLine, LogSummary
from diagnostics.logs.picking import line_number, pick
from diagnostics.logs.reading import Progress, read
from diagnostics.logs.scan import Scan
from diagnostics.logs.sources import MOST_UNPACKED, Source, UnreadableLogError, sources
from diagnostics.logs.tally import EVERYTHING, Count, Only, Tally, text
from diagnostics.report import Moment, Note, Question, ReadArtefact, Report, RuledOut, Suspect

if TYPE_CHECKING:
    from diagnostics.logs.judging import Failure, Judged

_MOST_NAMES: Final = 1000
_MOST_MOMENTS: Final = 40
_MOST_QUESTIONS: Final = 3
_MOST_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Known:
    """A file that is a log: where it is, and how it begins."""

    source: Source
    layout: Layout
    first: str


@dataclass(slots=True)
class Found:
    """The logs among the files that were named, oldest first, and sentences on the others."""

    logs: list[Known] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(known.source.size for known in self.logs)


def find(names: Iterable[str], *, most: int = MOST_UNPACKED) -> Found:
    """Look at files, folders, patterns and archives. Raises UnreadableLogError or OSError for a name that is not there."""
    found = Found()
    for source in sources(names, most=most):
        try:
            start = next(source.blocks(block=HEAD), b"")
        except UnreadableLogError as problem:
            found.problems.append(str(problem))
            continue
        opening = head(start.decode("utf-8", "replace"))
        if opening is None:
            found.problems.append(f"{source.name} is no SMTP, tracking or connectivity log: it was left out.")
        else:
            found.logs.append(Known(source, opening.layout, opening.first))
    found.logs.sort(key=lambda known: (known.first, known.source.name))
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """`report.log` holds the counts; `pastes` are the texts that were judged: of each leading failure, the sessions that stand
    for it, below the comment lines of a log."""

    report: Report
    pastes: tuple[str, ...]


def answer(
    found: Found,
    only: Only | None = None,
    *,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Report:
    """The report of `read_logs`."""
    return read_logs(found, only, workers=workers, progress=progress, stop=stop).report


def read_logs(
    found: Found,
    only: Only | None = None,
    *,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Answer:
    """Read the logs, and judge what failed in them.

    `workers` processes read at the same time. `progress` is told what was done; once `stop` says True, the report is about what
    was read until then. Memory does not depend on the size of the logs. No clock, nothing written anywhere.
    """
    files = [(known.source, known.layout) for known in found.logs]
    outcome = read(files, only or EVERYTHING, workers=workers, progress=progress, stop=stop, meanwhile=warm)
    from diagnostics.logs.judging import MOST_JUDGED, entry, failures, judged  # while others read, see `warm`
    from diagnostics.logs.nearest import refine

    scan = outcome.scan
    all_failures = failures(scan.tallies)
    leading = all_failures[:MOST_JUDGED]
    for each in leading:
        if each.stretches[-1].steady and each.stretches[-1].blurred:
            refine(each.stretches[-1], each.connector, files)
    picked = pick([talk for each in leading for talk in each.representatives()], files, scan.marks)
    verdicts = [judged(each, picked, _layout(each, files)) for each in leading]
    summary = LogSummary(
        files=tuple(
            LogFile(name=source.name, kind=layout.kind, bytes=source.size, lines=scan.lines.get(number, 0))
            for number, (source, layout) in enumerate(files)
        ),
        kinds=tuple(_kind(kind, tally) for kind, tally in sorted(scan.tallies.items())),
        failures=(*(each.entry for each in verdicts), *(entry(each, {}) for each in all_failures[MOST_JUDGED:])),
        bytes=outcome.size,
        lines=sum(scan.lines.values()),
        bad=scan.bad,
        bad_lines=tuple(_bad_lines(scan, files)),
        complete=outcome.complete,
        problems=(*found.problems, *outcome.problems),
    )
    return Answer(_report(verdicts, summary), tuple(each.paste for each in verdicts))


def warm() -> None:
    """Load what judges, and its patterns: half as long as reading 100 MB, and time enough while others read."""
    from diagnostics.reporting import report_of

    report_of(("2026-11-18T08:12:44.262Z,-,08DE2A6B91C0F4A2,16,,,*,,TLS negotiation failed with error NoCredentials",))


def _layout(failure: Failure, files: Sequence[tuple[Source, Layout]]) -> Layout:
    layout = files[failure.stretches[-1].episode.first.first[0]][1]
    return layout if layout.kind == failure.kind else Layout.of(failure.kind)


def _kind(kind: Kind, tally: Tally) -> LogKind:
    connectors, remotes, hours = tally.counts()
    total = Count()
    for count in hours.values():
        total.join(count)
    return LogKind(
        kind=kind,
        sessions=total.sessions,
        failed=total.failed,
        messages=total.messages,
        began=text(tally.began),
        ended=text(tally.ended),
        connectors=_most(connectors),
        remotes=_most(remotes),
        hours=tuple(_count(name, hours[name]) for name in sorted(hours)),
        minutes=tuple(_minutes(tally.minutes)),
    )


def _minutes(minutes: dict[str, Count]) -> Iterable[LogCount]:
    return (_count(name, minutes[name]) for name in sorted(minutes)) if len(minutes) <= _MOST_MINUTES else ()


def _most(counts: dict[str, Count]) -> tuple[LogCount, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1].sessions, item[0]))
    return tuple(_count(name, count) for name, count in ordered[:_MOST_NAMES])


def _count(name: str, count: Count) -> LogCount:
    return LogCount(name=name, sessions=count.sessions, failed=count.failed, messages=count.messages)


def _bad_lines(scan: Scan, files: Sequence[tuple[Source, Layout]]) -> Iterable[LogLine]:
    for (file, offset), line in scan.bad_lines:
        number = line_number(files[file][0], scan.marks.get(file, []), offset)
        yield LogLine(file=file, line=number, quote=line.decode("utf-8", "replace"))


def _report(verdicts: Sequence[Judged], summary: LogSummary) -> Report:
    """One report of all failures: the findings on the worst come first; ruled out is only what none of them believes."""
    findings: dict[str, Suspect] = {}
    ruled_out: dict[str, RuledOut] = {}
    notes: dict[str, Note] = {}
    asked: dict[str, Question] = {}
    for each in verdicts:
        for suspect in each.report.findings:
            findings.setdefault(suspect.cause, suspect)
        for out in each.report.ruled_out:
            ruled_out.setdefault(out.cause, out)
        for note in each.report.notes:
            notes.setdefault(note.text, note)
        for question in each.report.next:
            asked.setdefault(question.ask, question)
    failed = any(each.report.verdict in ("failure", "unknown") for each in verdicts)
    return Report(
        verdict=("failure" if findings else "unknown") if failed else "healthy" if summary.kinds else "nothing",
        summary=_sentence(summary),
        artefacts=tuple(
            ReadArtefact(kind=file.kind, lines=(1, max(1, file.lines)), paste=number)
            for number, file in enumerate(summary.files)
        ),
        findings=tuple(findings.values()),
        ruled_out=tuple(out for cause, out in ruled_out.items() if cause not in findings),
        next=tuple(asked.values())[:_MOST_QUESTIONS],
        timeline=tuple(_moments(summary)),
        notes=tuple(notes.values()),
        log=summary,
    )


def _sentence(summary: LogSummary) -> str:
    if not summary.failures:
        return "Nothing in these logs shows a failure." if summary.kinds else "There is no session in these logs."
    worst = summary.failures[0]
    last = worst.episodes[-1]
    began = last.began if last.steady else worst.episodes[0].began
    when = f"since {began}" if worst.ongoing else f"from {began} to {last.ended}"
    return f"{worst.connector or 'A connector'}: {worst.error}, {worst.sessions:,} times, {when}."


def _moments(summary: LogSummary) -> Iterable[Moment]:
    """When failures began and ended."""
    found = []
    for failure in summary.failures:
        line = failure.lines[0] if failure.lines else None
        for episode in failure.episodes:
            name = f"{failure.connector}: {failure.error[:100]}"
            place = (line.line, line.file) if line and episode is failure.episodes[-1] else (0, 0)
            found.append(Moment(at=episode.began, line=place[0], paste=place[1], what=f"{name} begins"))
            if episode.next_success:
                found.append(Moment(at=episode.ended, line=0, what=f"{name}, for the last time"))
    found.sort(key=lambda moment: moment.at)
    return found if len(found) <= _MOST_MOMENTS else found[: _MOST_MOMENTS // 2] + found[-_MOST_MOMENTS // 2 :]
