"""What large logs hold, as parts of an outline: how much was read, and each failure with its times and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.logs.model import LogChange, LogEpisode, LogFailure, LogSummary
from diagnostics.report import Report
from handlers.blocks import words
from handlers.blocks.outline import Line, Part, line, part

_SHOWN: Final = 5
_SHOWN_FULL: Final = 20
_NAMED: Final = 4
_UNITS: Final = {"tracking-log": "messages"}


def parts(report: Report, *, full: bool) -> list[Part]:
    """The log's part of an answer; nothing where no log was read."""
    log = report.log
    if log is None:
        return []
    most = _SHOWN_FULL if full else _SHOWN
    found = [*part([line("text", _read(log)), *(line("aside", text) for text in _incomplete(log))], rank=1)]
    for number, failure in enumerate(log.failures[:most]):
        found += part(_failure(log, failure, {each.cause: each.title for each in report.findings}), rank=1 + number)
    found += part([line("aside", text) for text in _left_out(log, most)], rank=6)
    return found


def _read(log: LogSummary) -> str:
    counts = [
        f"{kind.sessions:,} {_UNITS.get(kind.kind, 'sessions')} ({kind.failed:,} failed) in the {words.kind(kind.kind)}, "
        f"{moment(kind.began)} to {moment(kind.ended)}"
        for kind in log.kinds
    ]
    return f"{log.lines:,} lines of {_files(log)}: " + ("; ".join(counts) or "no session in them") + "."


def _left_out(log: LogSummary, most: int) -> Iterator[str]:
    """What is not said of the failures."""
    others = log.other_failures
    hidden = max(len(log.failures) - most, 0) + (others.names if others else 0)
    if others and others.more:
        sessions = others.sessions + sum(each.sessions for each in log.failures[most:])
        yield f"and more than {hidden:,} more failures, {sessions:,} sessions in all; the rarest are counted together"
    elif hidden:
        yield f"and {hidden:,} more failures"


def _files(log: LogSummary) -> str:
    return words.file_name(log, 0) if len(log.files) == 1 else f"{len(log.files)} files"


def _incomplete(log: LogSummary) -> Iterator[str]:
    if not log.complete:
        yield "Reading was stopped: this is what was known by then."
    yield from log.problems
    for kind in log.kinds:
        for named, others, what in (
            (kind.connectors, kind.other_connectors, "connectors"),
            (kind.remotes, kind.other_remotes, "remote addresses"),
        ):
            if others and others.more:
                yield (
                    f"The {words.kind(kind.kind)} names more than {len(named) + others.names:,} {what}: those with fewest "
                    "sessions are counted together."
                )
    if log.bad:
        shown = "; ".join(
            f"{words.file_name(log, bad.file)}:{bad.line} {bad.quote[:60]!r}" for bad in log.bad_lines[:_NAMED]
        )
        lines = "one line" if log.bad == 1 else f"{log.bad:,} lines"
        yield f"Passed over, because it could not be read: {lines}; {shown}"


def _failure(log: LogSummary, failure: LogFailure, titles: dict[str, str]) -> Iterator[Line]:
    unit = _UNITS.get(failure.kind, "sessions")
    yield line("heading", f"{failure.connector or 'No connector'}: {failure.error}")
    steady = [each for each in failure.episodes if each.steady and (each.sessions > 1 or len(failure.episodes) == 1)]
    scattered = failure.sessions - sum(episode.sessions for episode in steady)
    if scattered:
        span = _span(failure.episodes[0].began, failure.episodes[-1].ended)
        yield line("bullet", f"{scattered:,} {unit} between others that succeeded, {span}")
    for episode in steady[-_NAMED:]:
        over = failure.ongoing and episode is failure.episodes[-1]
        number = f"{episode.sessions:,} {unit}" if episode.sessions > 1 else f"one {unit.removesuffix('s')}"
        yield line("bullet", f"{number}, {_when(episode, ongoing=over)}")
    if failure.partial:
        yield line(
            "bullet",
            "It may have begun earlier and have more sessions: there are too many failures to follow them all.",
        )
    for change in failure.episodes[-1].changes:
        yield line("bullet", _change(change))
    if failure.remotes:
        named = ", ".join(
            f"{name or 'no address'} ({count:,})" for name, count in list(failure.remotes.items())[:_NAMED]
        )
        yield line("bullet", named + _more(failure), lead="With:")
    if failure.lines:
        place = failure.lines[0]
        yield line("bullet", f"{words.file_name(log, place.file)}:{place.line}", lead="First seen:")
    causes = [titles[cause] for cause in failure.causes if cause in titles][:_NAMED]
    if causes:
        yield line("bullet", "; ".join(causes), lead="Cause:" if len(causes) == 1 else "Suspected:")


def _more(failure: LogFailure) -> str:
    """How many addresses it also failed with."""
    others = failure.other_remotes
    more = max(len(failure.remotes) - _NAMED, 0) + (others.names if others else 0)
    if others and others.more:
        return f" and more than {more:,} more"
    return f" and {more:,} more" if more else ""


def _when(episode: LogEpisode, *, ongoing: bool) -> str:
    span = (
        f"since {moment(episode.began)}, last {moment(episode.ended)}"
        if ongoing
        else _span(episode.began, episode.ended)
    )
    if episode.last_success:
        span += f"; worked until {moment(episode.last_success)}"
    if episode.next_success:
        span += f"; works again since {moment(episode.next_success)}"
    if episode.elsewhere:
        span += "; with other addresses it succeeded meanwhile"
    return span


def _span(began: str, ended: str) -> str:
    return f"at {moment(began)}" if began == ended else f"from {moment(began)} to {moment(ended)}"


def _change(change: LogChange) -> str:
    when = "When it began" if change.moment == "began" else "When it ended"
    return f"{when}, {change.what} changed from {change.before} to {change.after}."


def pace(done: int, total: int, seconds: float) -> str:
    """`43 % of 200 MB, 64 MB/s, 2 s left`: how far the work on a log is, `seconds` after it began."""
    rate = done / seconds if seconds > 0 else 0.0
    left = f", {(total - done) / rate:.0f} s left" if rate and done < total else ""
    return f"{100 * done // max(total, 1):>3} % of {total / 1e6:,.0f} MB, {rate / 1e6:,.0f} MB/s{left}"


def moment(at: str) -> str:
    """`2026-11-18 13:49:34Z`: a time without its fractions."""
    return f"{at[:10]} {at[11:19]}Z" if len(at) >= len("2026-11-18T13:49:34") else at
