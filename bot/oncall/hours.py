"""Hours of the week in a time zone: office hours, quiet hours, the hours of a rota's layer.

Hours are what the clock on the wall says. On the day on which clocks change, 22:00 to 07:00 is eight or ten hours long.
Moments that go in are aware, of any zone; those that come out are in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ALL_DAYS: Final = frozenset(range(7))
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
_MOST_JOINED: Final = 30  # spans in a row; a week without a gap has 7


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` to `end` on `days` (Monday is 0). An `end` that isn't after `begin` is on the next day."""

    begin: time
    end: time
    days: frozenset[int] = ALL_DAYS


Span = tuple[datetime, datetime]


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the wall shows `local` (naive). Of two, the first; a time that is skipped is as much later."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def inside(windows: Sequence[Window], zone: ZoneInfo, at: datetime) -> bool:
    return any(begin <= at < end for begin, end in _spans(windows, zone, at))


def next_edge(windows: Sequence[Window], zone: ZoneInfo, at: datetime) -> datetime | None:
    """The first begin or end of a window after `at`; None when there is none."""
    return min((edge for span in _spans(windows, zone, at) for edge in span if edge > at), default=None)


def ends(windows: Sequence[Window], zone: ZoneInfo, at: datetime) -> datetime:
    """When the hours that `at` is in are over, windows that touch counted as one; `at` itself when it is in none."""
    for _ in range(_MOST_JOINED):
        over = [end for begin, end in _spans(windows, zone, at) if begin <= at < end]
        if not over:
            break
        at = max(over)
    return at


def _spans(windows: Sequence[Window], zone: ZoneInfo, at: datetime) -> list[Span]:
    """Every window that may hold `at`, and all of the week that follows."""
    today = at.astimezone(zone).date()
    days = [today + _DAY * offset for offset in range(-1, _WEEK + 2)]
    found = [_span(window, zone, day) for window in windows for day in days if day.weekday() in window.days]
    return [(begin, end) for begin, end in found if begin < end]  # clocks may skip a short window as a whole


def _span(window: Window, zone: ZoneInfo, day: date) -> Span:
    last = day if window.end > window.begin else day + _DAY
    return (
        instant(datetime.combine(day, window.begin), zone),
        instant(datetime.combine(last, window.end), zone),
    )
