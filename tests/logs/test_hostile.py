"""A log made to do harm costs what its size costs."""

from __future__ import annotations

import time

import pytest

from diagnostics.logs.layout import Layout
from diagnostics.logs.scan import Scan
from diagnostics.logs.tally import EVERYTHING

_ROW = b"2026-11-18T08:12:44.262Z,C,08DE2A6B91C0F4A2,16,192.0.2.1:1,192.0.2.2:25,"
_PIECES = [b">,QUIT", b",+,", b'<,"250 2.6.0', b"rror", b"-,,Remote", b'"', b",", b"*,4"]


def _seconds(text: bytes, kind: str) -> float:
    scan = Scan(Layout.of(kind), EVERYTHING, whole=True)  # type: ignore[arg-type]
    began = time.process_time()
    scan.feed(text, 0, 0)
    return time.process_time() - began


@pytest.mark.parametrize("kind", ["smtp-send-log", "smtp-receive-log", "tracking-log", "connectivity-log"])
@pytest.mark.parametrize("piece", _PIECES)
def test_lines_full_of_hits_cost_linear_time(piece: bytes, kind: str) -> None:
    """A line of 1 MB that was looked at from its beginning for each hit would take minutes."""
    text = (_ROW + piece * ((1 << 20) // len(piece)) + b"\r\n") * 2
    assert _seconds(text, kind) < 10
