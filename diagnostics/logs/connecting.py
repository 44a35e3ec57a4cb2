"""What the rows of a connectivity log add to its sessions: one for each thing that was tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from diagnostics.log_forms import CLOSING, DELIVERED, troubled
from diagnostics.logs.layout import Layout
from diagnostics.logs.rows import Cells, picked, split
from diagnostics.logs.screen import CLOSED, OPENED, RESOLVED, Hit
from diagnostics.logs.sessions import Place, Rank, Sessions, Step, Talk

_OFTEN: Final = 300  # bytes of what is kept because it will be said again
_COLUMNS: Final = 4  # before the direction
_DIRECTIONS: Final = (b"+", b">", b"-")
_TIME: Final = len("2026-11-18T08:12:44.262Z")
_SHORTEST_TIME: Final = len("2026-11-18T08:12:44Z")
_QUOTE: Final = b'"'
_QUOTED: Final = _QUOTE[0]


class Connecting:
    """Hears rows of one connectivity log in their order, and hands on the sessions that are over."""

    def __init__(self, sessions: Sessions, layout: Layout, spoil: Callable[[Place, bytes], None]) -> None:
        self._sessions = sessions
        self._layout = layout
        self._spoil = spoil

    def screened(self, text: bytes, hits: Iterable[Hit], file: int, offset: int) -> list[Talk]:
        """The rows in `text`, which stands at byte `offset` of a file, that a hit stands in. Half of all rows go through here:
        those that open or end a session are told without a call for each."""
        over: list[Talk] = []
        opened, gone = self._sessions.open, self._sessions.gone
        before, behind, end, skip = text.rfind, text.find, -1, self._layout.places[0]
        for number, at, stop in hits:
            if at < end or (number == RESOLVED and text.startswith(b"Success", stop)):
                continue
            start, end = before(b"\n", 0, at) + 1, behind(b"\n", at)
            if 0 <= number < RESOLVED:
                head = text[start:at]
                row = split(head)[skip:] if skip or _QUOTE in head else head.split(b",")
                if len(row) == _COLUMNS and len(row[0]) == _TIME:
                    time, id_, source, destination = row
                    talk = opened.get(id_)
                    if talk is None:
                        if id_ in gone:
                            continue
                        if number == OPENED and id_:
                            place = (file, offset + start)
                            opened[id_] = Talk(time, time, source, id_, destination, place, place, True)
                            continue
                    elif number == CLOSED and talk.opened and text[stop] != _QUOTED:
                        talk.take(connectivity_step(b"-", text[stop:end].strip()), time, (file, offset + start))
                        del opened[id_]
                        gone[id_] = None
                        over.append(talk)
                        continue
            ended = self.row(text[start:end], (file, offset + start))
            if ended is not None:
                over.append(ended)
        return over

    def row(self, line: bytes, place: Place) -> Talk | None:
        """Hear one row; returns the session that it ends."""
        row = connectivity_cells(line, self._layout)
        if row is None:
            if line.strip():
                self._spoil(place, line)
            return None
        step = connectivity_step(row[6], row[7])
        return self._sessions.take(row, place, step) if step.opens or step.rank or step.over else None


def connectivity_cells(line: bytes, layout: Layout) -> Cells | None:
    """In the order of `rows.cells`: the source stands for the connector, the destination for the remote endpoint."""
    if layout.usual and not layout.more and _QUOTE not in line:
        values = line.split(b",", 5)
        if len(values) <= _COLUMNS + 1:
            return None
    else:
        values = picked(line, layout)
    at, session, source, destination, direction, said = values
    if direction not in _DIRECTIONS or not session or len(at) < _SHORTEST_TIME:
        return None
    return [at, source, session, b"0" if direction == b"+" else b"1", b"", destination, direction, said.strip()]


def connectivity_step(direction: bytes, said: bytes) -> Step:
    """What a row adds to its session."""
    if direction == b"-" and said.startswith(b"Messages: ") and b" Bytes: " in said[:_OFTEN]:
        delivered = _delivered(said[10:20].partition(b" ")[0])
        if delivered is not None:
            return delivered
    return (_step if len(said) < _OFTEN else _step.__wrapped__)(direction, said)


@lru_cache(maxsize=256)
def _delivered(number: bytes) -> Step | None:
    """Whatever failed before, a further address took the messages. None where there were none."""
    messages = int(number) if number.isdigit() else 0
    return Step(messages=messages, recovers=True, over=True) if messages else None


@lru_cache(maxsize=4096)  # a log says few things, each of them often
def _step(direction: bytes, text: bytes) -> Step:
    said = text.decode("utf-8", "replace")
    closing = CLOSING.search(said)
    over = direction == b"-"
    if closing and DELIVERED.search(said):
        return Step(messages=_number(said), recovers=True, over=over)
    reason = (closing.group(1) or "") if closing else said
    if direction != b"+" and troubled(reason):
        return Step(rank=Rank.REFUSED, error=reason, over=over)
    return Step(opens=direction == b"+", over=over)


def _number(text: str) -> int:
    digits = text.partition("Messages:")[2].lstrip()[:10].partition(" ")[0]
    return int(digits) if digits.isdecimal() else 1
