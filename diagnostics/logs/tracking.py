"""The rows of a message tracking log: each is one event of one message, over as soon as it is read.

Events that decide nothing (RECEIVE, TRANSFER, HA…) are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from diagnostics.log_forms import FAILED_EVENTS
from diagnostics.logs.layout import Layout
from diagnostics.logs.rows import picked
from diagnostics.logs.screen import DELIVERED_EVENTS
from diagnostics.logs.sessions import Place, Rank, Step, Talk

_SHORTEST_TIME: Final = len("2026-11-18T08:12:44Z")
_DELIVERED: Final = frozenset(each.encode() for each in DELIVERED_EVENTS)
_FAILED: Final = frozenset(each.encode() for each in FAILED_EVENTS)
_TAKEN: Final = Step(messages=1, over=True)


class Tracking:
    """Hears rows of one tracking log, each by itself. What belongs together is the message, so its id is the session's."""

    def __init__(self, layout: Layout, spoil: Callable[[Place, bytes], None]) -> None:
        self._layout = layout
        self._spoil = spoil

    def row(self, line: bytes, place: Place) -> Talk | None:
        """Hear one row; returns the delivery or the failure that it tells."""
        at, event, source, connector, ip, host, internal, message, network, status, context = picked(line, self._layout)
        if not event.isupper() or len(at) < _SHORTEST_TIME:
            if line.strip():
                self._spoil(place, line)
            return None
        if event in _DELIVERED:
            step = _TAKEN
        elif event in _FAILED:
            said = b"%b: %b" % (event, _replied(status) or context)
            step = Step(rank=Rank.REFUSED, error=said.decode("utf-8", "replace"), over=True)
        else:
            return None
        remote = (host or ip) if source == b"SMTP" else b""
        talk = Talk.of(
            [at, connector or source, network or internal or message or b"?", b"0", b"", remote], place, True
        )
        talk.take(step, at, place)
        return talk


def _replied(status: bytes) -> bytes:
    """The reply out of a block `[{LED=…};{MSG=…};{FQDN=…}…]`, which else is all that is said."""
    _, block, behind = status.partition(b"{LED=")
    return behind.partition(b"};{")[0].rstrip(b"}] ") if block else status
