"""What a picture of a pasted log shows: its sessions over time, and where failures begin and end; or that it would say no more
than words."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from diagnostics.course import Course, Run, Stretch, course
from handlers.blocks import words
from handlers.blocks.log_bins import Bar, Bins, Mark, redacted
from handlers.blocks.message import Attachment

_FEWEST: Final = 6  # sessions; fewer are told in words
_MOST_BARS: Final = 60
_MARKED: Final = 3
_LEAST_LINES: Final = 12  # a text of fewer holds no log with so many sessions
_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400)
)


def picture(text: str) -> tuple[Attachment, ...]:
    """The picture of the log in a pasted text; nothing where it has too few sessions, or all went the same way."""
    if text.count("\n") < _LEAST_LINES:
        return ()
    found = course(text)
    counted = paste_bins(found) if found else None
    if counted is None:
        return ()
    from handlers.blocks.log_chart import drawn  # most answers have no picture

    chart = drawn(counted)
    return (Attachment("chart", "mailflow-sessions.png", chart.png, chart.alt),)


def paste_bins(found: Course) -> Bins | None:
    """The sessions of a log by stretch of time; None where a picture says no more than words."""
    outcomes = {bool(run.error) for run in found.runs}
    if len(found.runs) < _FEWEST or len(outcomes) < 2:
        return None
    first, last = found.runs[0].at, found.runs[-1].at
    step = next((step for step in _STEPS if (last - first) / step < _MOST_BARS), None)
    if step is None:
        return None
    bars = _bars(found.runs, step)
    if len(bars) < 2:
        return None
    told = sorted(found.stretches, key=lambda each: (not each.changes, -each.sessions))[:_MARKED]
    marks = tuple(_mark(each) for each in sorted(told, key=lambda each: each.began))
    return Bins(words.kind(found.kind), step, bars, marks)


def _bars(runs: tuple[Run, ...], step: timedelta) -> tuple[Bar, ...]:
    midnight = runs[0].at.replace(hour=0, minute=0, second=0, microsecond=0)
    places = [(run.at - midnight) // step for run in runs]
    sessions = Counter(places)
    failed = Counter(place for place, run in zip(places, runs, strict=True) if run.error)
    return tuple(
        Bar(midnight + place * step, sessions[place], failed[place]) for place in range(places[0], places[-1] + 1)
    )


def _mark(each: Stretch) -> Mark:
    name = redacted(each.connector) if each.connector else "No connector"
    changes = tuple(dict.fromkeys(redacted(what) for what in each.changes))
    return Mark(f"{name}: {redacted(each.error)}", each.began, each.ended, changes)
