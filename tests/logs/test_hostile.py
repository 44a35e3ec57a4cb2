"""A log made to do harm costs what its size costs."""

from __future__ import annotations

import time

import pytest

from diagnostics.logs.layout import USUAL, Kind, Layout
from diagnostics.logs.scan import Scan
from diagnostics.logs.tally import EVERYTHING

_ROW = b"2026-11-18T08:12:44.262Z,C,08DE2A6B91C0F4A2,16,192.0.2.1:1,192.0.2.2:25,"
_PIECES = [b">,QUIT", b",+,", b'<,"250 2.6.0', b"rror", b"-,,Remote", b'"', b",", b"*,4"]


def _seconds(text: bytes, layout: Layout) -> float:
    scan = Scan(layout, EVERYTHING, whole=True)
    began = time.process_time()
    scan.feed(text, 0, 0)
    return time.process_time() - began


@pytest.mark.parametrize("others", [(), ("file", "row")])
@pytest.mark.parametrize("kind", ["smtp-send-log", "smtp-receive-log", "tracking-log", "connectivity-log"])
@pytest.mark.parametrize("piece", _PIECES)
def test_lines_full_of_hits_cost_linear_time(piece: bytes, kind: Kind, others: tuple[str, ...]) -> None:
    """A line of 1 MB that was looked at from its beginning for each hit would take minutes."""
    text = (_ROW + piece * ((1 << 20) // len(piece)) + b"\r\n") * 2
    assert _seconds(text, Layout(kind, (*others, *USUAL[kind]))) < 10


def test_columns_that_change_with_every_line_cost_linear_time() -> None:
    """Patterns are made for where the time stands, not for each order of columns."""
    fields = ("#Fields: " + ",".join([*(f"c{number}" for number in range(many)), "date-time"]) for many in range(2_000))
    text = "".join(f"{each}\r\n2026-11-18T08:12:44.262Z,a\r\n" for each in fields).encode()
    assert _seconds(text, Layout.of("smtp-send-log")) < 10
