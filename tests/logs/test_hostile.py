"""A log made to do harm costs what its size costs."""

from __future__ import annotations

import pytest

from diagnostics.logs.layout import USUAL, Kind, Layout
from diagnostics.logs.scan import Scan
from diagnostics.logs.screen import _no_literals
from diagnostics.logs.tally import EVERYTHING
from tests.fuzz.growth import seconds

_ROW = b"2026-11-18T08:12:44.262Z,C,08DE2A6B91C0F4A2,16,192.0.2.1:1,192.0.2.2:25,"
_PIECES = [b">,QUIT", b",+,", b'<,"250 2.6.0', b"rror", b"-,,Remote", b'"', b",", b"*,4"]
_LITTLE = 0.05  # seconds: what is too short to be measured


def _seconds(text: bytes, layout: Layout) -> float:
    return seconds(lambda: Scan(layout, EVERYTHING, whole=True).feed(text, 0, 0))


@pytest.mark.parametrize("others", [(), ("file", "row")])
@pytest.mark.parametrize("kind", ["smtp-send-log", "smtp-receive-log", "tracking-log", "connectivity-log"])
@pytest.mark.parametrize("piece", _PIECES)
def test_lines_full_of_hits_cost_linear_time(piece: bytes, kind: Kind, others: tuple[str, ...]) -> None:
    """A line of eight times the length that was looked at from its beginning for each hit would take 64 times the work."""
    layout = Layout(kind, (*others, *USUAL[kind]))
    short, long = ((_ROW + piece * (size // len(piece)) + b"\r\n") * 2 for size in (50_000, 400_000))
    assert _seconds(long, layout) < 16 * _seconds(short, layout) + _LITTLE


def test_columns_that_change_with_every_line_cost_linear_time() -> None:
    """Patterns are made for where the time stands, and not where that is far behind: not for each order of columns."""
    known = _no_literals.cache_info().misses
    fields = ("#Fields: " + ",".join([*(f"c{number}" for number in range(many)), "date-time"]) for many in range(2_000))
    text = "".join(f"{each}\r\n2026-11-18T08:12:44.262Z,a\r\n" for each in fields).encode()
    Scan(Layout.of("smtp-send-log"), EVERYTHING, whole=True).feed(text, 0, 0)
    assert _no_literals.cache_info().misses - known < 40
