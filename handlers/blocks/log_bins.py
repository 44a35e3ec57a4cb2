"""What a chart of large logs shows, before it is drawn: sessions by stretch of time, when failures went on, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from diagnostics import redaction
from diagnostics.logs.model import LogCount, LogEpisode, LogFailure, LogKind, LogSummary
from diagnostics.logs.tally import shape
from diagnostics.patterns import linear
from handlers.blocks import words

MOST_BARS: Final = 72
_FEWEST: Final = 5  # sessions; fewer are told in words
_MARKED: Final = 3
_HOUR: Final = timedelta(hours=1)
_STEPS: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 43200)
)
_IPV6 = linear(r"[0-9A-Fa-f.]{0,15}(?::[0-9A-Fa-f.]{0,15}){2,8}")


@dataclass(frozen=True, slots=True)
class Bar:
    """The sessions that began in one step of time from `at` on."""

    at: datetime
    sessions: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a failure. `ended` is None while it goes on; `changes` says what differs since it began."""

    label: str
    began: datetime
    ended: datetime | None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bins:
    """A chart's content. `what` names the log; times are UTC, bars have no gaps, texts hold no addresses."""

    what: str
    step: timedelta
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()

    @property
    def end(self) -> datetime:
        return self.bars[-1].at + self.step


def bins(log: LogSummary) -> Bins | None:
    """Of the kind of log with the worst failure; None where a picture says no more than words."""
    kind = _leading(log)
    counts = [] if kind is None else _timed(kind.minutes or kind.hours)
    if kind is None or sum(count.sessions for _, count in counts) < _FEWEST:
        return None
    finest = timedelta(minutes=1) if kind.minutes else _HOUR
    step = _step(counts[-1][0] - counts[0][0], finest)
    bars = _bars(counts, step)
    if len(bars) < 2:
        return None
    marks = [mark for failure in log.failures if failure.kind == kind.kind for mark in _marks(failure)]
    return Bins(words.kind(kind.kind), step, bars, tuple(marks[:_MARKED]))


def when(at: str) -> datetime | None:
    """A time of a log, in UTC; None for what is none."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def redacted(text: str) -> str:
    """Without addresses, credentials and long numbers: a picture is passed on more easily than a log."""
    return redaction.redacted(str(_IPV6.sub("*", shape(text))))


def _leading(log: LogSummary) -> LogKind | None:
    worst = log.failures[0].kind if log.failures else ""
    return max(log.kinds, key=lambda kind: (kind.kind == worst, kind.sessions), default=None)


def _timed(counts: Sequence[LogCount]) -> list[tuple[datetime, LogCount]]:
    found = [(at, count) for count in counts if (at := when(count.name)) is not None]
    return sorted(found, key=lambda item: item[0])


def _step(span: timedelta, finest: timedelta) -> timedelta:
    fitting = (step for step in _STEPS if step >= finest and span / step < MOST_BARS)
    return next(fitting, span / (MOST_BARS - 1))


def _bars(counts: Sequence[tuple[datetime, LogCount]], step: timedelta) -> tuple[Bar, ...]:
    """Bars begin at round times, seen from midnight of the first day."""
    midnight = counts[0][0].replace(hour=0, minute=0)
    first = (counts[0][0] - midnight) // step
    found: dict[int, Bar] = {}
    for at, count in counts:
        place = (at - midnight) // step
        known = found.get(place, Bar(midnight + place * step))
        found[place] = Bar(known.at, known.sessions + count.sessions, known.failed + count.failed)
    return tuple(found.get(place, Bar(midnight + place * step)) for place in range(first, max(found) + 1))


def _marks(failure: LogFailure) -> list[Mark]:
    """The latest stretch in which nothing succeeded, or that began when something changed.

    A single session is no stretch, unless the failure has no other.
    """
    alone = len(failure.episodes) == 1
    told = [each for each in failure.episodes if (each.steady and (each.sessions > 1 or alone)) or each.changes]
    return [mark for mark in [_mark(failure, told[-1])] if mark] if told else []


def _mark(failure: LogFailure, episode: LogEpisode) -> Mark | None:
    began, ended = when(episode.began), when(episode.ended)
    if began is None or ended is None:
        return None
    ongoing = failure.ongoing and episode is failure.episodes[-1]
    label = f"{redacted(failure.connector) if failure.connector else 'No connector'}: {redacted(failure.error)}"
    changes = tuple(dict.fromkeys(redacted(each.what) for each in episode.changes if each.moment == "began"))
    return Mark(label, began, None if ongoing else ended, changes)
