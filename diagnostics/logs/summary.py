"""From what was read to the report: counts, the verdict on what failed, and quoted lines.

Loads the models, the causes and all that judges, so it is imported while other processes read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.engine import judge
from diagnostics.logs.counting import Count
from diagnostics.logs.finding import Found
from diagnostics.logs.judging import MOST_JUDGED, RECOGNISERS, Failure, Judged, entry, failures, greatest, judged
from diagnostics.logs.layout import Kind, Layout
from diagnostics.logs.model import LogCount, LogFile, LogKind, LogLine, LogOthers, LogSummary
from diagnostics.logs.nearest import refine
from diagnostics.logs.picking import line_number, pick
from diagnostics.logs.reading import Read
from diagnostics.logs.scan import Scan
from diagnostics.logs.sharing import shared
from diagnostics.logs.sources import Source
from diagnostics.logs.tally import Tally, text
from diagnostics.report import Moment, Note, Question, ReadArtefact, Report, RuledOut, Suspect
from diagnostics.reporting import reported

_MOST_NAMES: Final = 1000
_MOST_FAILURES: Final = 1000
_MOST_MOMENTS: Final = 40
_MOST_QUESTIONS: Final = 3
_MOST_MINUTES: Final = 24 * 60
_OPENING: Final = (
    "*,,attempting to connect",
    "+,,",
    "<,220 mx.fabrikam.com ESMTP,",
    ">,EHLO mail.contoso.com,",
    "<,250 STARTTLS,",
)
_USUAL: Final = (
    (">,STARTTLS,", "<,220 2.0.0 ready,", "*,,Sending certificate", "*,CN=mail.contoso.com,Certificate subject",
     "*,3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091,Certificate thumbprint", "*,,TLS negotiation failed with error NoCredentials"),
    (">,MAIL FROM:<anna@contoso.com> SIZE=1,", "<,250 2.1.0 OK,", ">,RCPT TO:<bob@fabrikam.com>,",
     "<,550 5.7.1 Service unavailable; client host blocked,"),
    (">,RCPT TO:<bob@fabrikam.com>,", "<,451 4.7.500 Server busy. Please try again later,"),
    (">,RCPT TO:<bob@fabrikam.com>,", "<,550 5.1.1 <bob@fabrikam.com>: Recipient address rejected: User unknown,"),
    ('*,,"Failed to connect. Winsock error code: 10060, Error Message: timed out 192.0.2.1:25"',),
)  # fmt: skip


class Answer(Struct, frozen=True):
    """`report.log` holds the counts; `pastes` are the texts that were judged: of each leading failure, the sessions that stand
    for it, below the comment lines of a log."""

    report: Report
    pastes: tuple[str, ...]


def summed_up(found: Found, outcome: Read, *, workers: int = 1) -> Answer:
    """The answer to what was read of the logs that were found. So many processes judge at the same time."""
    files = [(known.source, known.layout) for known in found.logs]
    scan = outcome.scan
    all_failures = failures(scan.tallies)
    verdicts = shared(lambda some: _verdicts(some, files, scan), all_failures[:MOST_JUDGED], workers)
    told = all_failures[:_MOST_FAILURES]
    summary = LogSummary(
        files=tuple(
            LogFile(name=source.name, kind=layout.kind, bytes=source.size, lines=scan.lines.get(number, 0))
            for number, (source, layout) in enumerate(files)
        ),
        kinds=tuple(told_kind(kind, tally) for kind, tally in sorted(scan.tallies.items())),
        failures=(*(each.entry for each in verdicts), *(entry(each, {}) for each in told[MOST_JUDGED:])),
        other_failures=_others(all_failures[_MOST_FAILURES:], sum(tally.rest for tally in scan.tallies.values())),
        bytes=outcome.size,
        lines=sum(scan.lines.values()),
        bad=scan.bad,
        bad_lines=tuple(_bad_lines(scan, files)),
        complete=outcome.complete,
        problems=(*found.problems, *outcome.problems, *_passed_by(found, scan)),
    )
    return Answer(_report(verdicts, summary), tuple(each.paste for each in verdicts))


def _verdicts(leading: Sequence[Failure], files: Sequence[tuple[Source, Layout]], scan: Scan) -> list[Judged]:
    for each in leading:
        if each.stretches[-1].blurred:
            refine(each.stretches[-1], each.connector, files)
    picked = pick([talk for each in leading for talk in each.representatives()], files, scan.marks)
    return [judged(each, picked, lambda talk: scan.layout_at(talk.first, files[talk.first[0]][1])) for each in leading]


def warm() -> None:
    """Make ready what judges: its modules, patterns and tables, on sessions that fail in the usual ways."""
    rows = (
        f"2026-11-18T08:12:44.{100 + number}Z,Warm,08DE2A6B91C0F4A{session},{number},192.0.2.20:48112,192.0.2.1:25,{tail}"
        for session, tails in enumerate(_USUAL)
        for number, tail in enumerate((*_OPENING, *tails))
    )
    text = "\n".join(("#Log-type: SMTP Send Protocol Log", *rows))
    reported(judge((text,), only=RECOGNISERS["smtp-send-log"]))


def _others(failures: Sequence[Failure], rest: int) -> LogOthers | None:
    """`rest` sessions are of failures that were not told apart."""
    sessions = sum(each.failing.count for each in failures) + rest
    found = LogOthers(names=len(failures), more=rest > 0, sessions=sessions, failed=sessions, messages=0)
    return found if sessions else None


def told_kind(kind: Kind, tally: Tally) -> LogKind:
    """What the summary says of one kind of log."""
    connectors, remotes, hours = tally.counts()
    total = Count()
    for count in (*hours.kept.values(), hours.others):
        total.join(count)
    most_connectors, other_connectors = greatest(connectors, _MOST_NAMES)
    most_remotes, other_remotes = greatest(remotes, _MOST_NAMES)
    all_hours, other_hours = greatest(hours, len(hours.kept))
    return LogKind(
        kind=kind,
        sessions=total.sessions,
        failed=total.failed,
        messages=total.messages,
        began=text(tally.began),
        ended=text(tally.ended),
        connectors=tuple(_count(name, count) for name, count in most_connectors),
        remotes=tuple(_count(name, count) for name, count in most_remotes),
        other_connectors=other_connectors,
        other_remotes=other_remotes,
        hours=tuple(_count(name, count) for name, count in sorted(all_hours)),
        other_hours=other_hours,
        minutes=tuple(_minutes(tally.minutes)),
    )


def _minutes(minutes: dict[str, Count]) -> Iterable[LogCount]:
    return (_count(name, minutes[name]) for name in sorted(minutes)) if len(minutes) <= _MOST_MINUTES else ()


def _count(name: str, count: Count) -> LogCount:
    return LogCount(
        name=name, sessions=count.sessions, failed=count.failed, messages=count.messages, partial=count.partial
    )


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
    for each in sorted(
        verdicts, key=lambda each: each.report.verdict == "healthy"
    ):  # a greylist never leads where something failed
        for suspect in each.report.findings:
            findings.setdefault(suspect.cause, suspect)
        for out in each.report.ruled_out:
            ruled_out.setdefault(out.cause, out)
        for note in each.report.notes:
            notes.setdefault(note.text, note)
        for question in each.report.next:
            asked.setdefault(question.ask, question)
    # Healthy is only what is known to be no fault, as a greylist is none: not what nobody judged, or nothing could be said of.
    harmless = (each.report.verdict == "healthy" and each.report.findings for each in verdicts)
    failed = len(summary.failures) > len(verdicts) or not all(harmless)
    explained = any(each.report.verdict == "failure" for each in verdicts)
    return Report(
        verdict=("failure" if explained else "unknown") if failed else "healthy" if summary.kinds else "nothing",
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


def _passed_by(found: Found, scan: Scan) -> Iterable[str]:
    """Where what was asked for leaves nothing: a name with a typing error, or hours of another day, look like a log at peace."""
    only = scan.only
    if scan.tallies or only.everything:
        return ()
    asked = (
        only.since and f"began at {only.since} or later",
        only.until and f"began before {only.until}",
        only.connector and f"has a connector whose name holds “{only.connector}”",
    )
    begins = min((known.first for known in found.logs if known.first), default="")
    since = f" The first row is of {begins}." if begins else ""
    return (f"No session in these logs {' and '.join(filter(None, asked))}.{since}",)


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
