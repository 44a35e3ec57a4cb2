"""SMTP sessions out of the rows that decide them, however they are interleaved.

What a session came to is told as `recognisers.session_facts` tells it from all of its rows: a failed handshake before a
refusal, the first refusal before what it drags behind it, a peer that closes an open conversation without a word.

A reader that begins in the middle of a log can't know the beginnings of the sessions that are open there: what it reads
of them are pieces. `follow` adds them to their beginnings, so that ranges of one log may be read at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from heapq import nsmallest
from itertools import islice
from typing import Final

from msgspec import Struct

from diagnostics.logs.rows import Cells

Place = tuple[int, int]
"""A line: the number of its file, and its byte offset there. Places rise with the log."""

_MOST_OPEN: Final = 20_000  # where the rows that end sessions were cut away
_REMEMBERED: Final = 4_096  # sessions that ended lately: their last rows may still come


class Rank(IntEnum):
    """Which of a session's failures names it: the highest, and the first of that."""

    NONE = 0
    CLOSED = 1
    DENIED = 2
    CONNECT = 3
    REFUSED = 4
    TLS = 5


NONE: Final = Rank.NONE


class Step(Struct, frozen=True):
    """What one row adds to its session. `over`: nothing that follows can matter."""

    rank: Rank = Rank.NONE
    error: str = ""
    messages: int = 0
    opens: bool = False
    quits: bool = False
    recovers: bool = False  # what failed before did not stop it
    over: bool = False


class Talk(Struct, eq=False):
    """A session as far as it was read. Times are as written. `at` and `last` are of the row that decides so far."""

    began: bytes
    at: bytes
    connector: bytes
    id: bytes
    remote: bytes
    first: Place
    last: Place
    opened: bool  # its beginning is known
    rank: Rank = NONE
    error: str = ""
    messages: int = 0
    ended: bool = False  # it said QUIT
    over: bool = False
    recovered: bool = False

    @classmethod
    def of(cls, row: Cells, place: Place, opened: bool) -> Talk:
        """A session that begins with this row."""
        return cls(row[0], row[0], row[1], row[2], row[5], place, place, opened)

    def take(self, step: Step, at: bytes, place: Place) -> None:
        """Add a row. The first failure of the highest rank names the session; a row that only ends it decides nothing."""
        if step.recovers:
            self.rank, self.error, self.recovered = Rank.NONE, "", True
        if step.messages and self.rank is Rank.DENIED:  # it tried again
            self.rank, self.error = Rank.NONE, ""
        if step.rank > self.rank and not (step.rank <= Rank.DENIED and self.messages):
            self.rank, self.error, self.at, self.last = step.rank, step.error, at, place
        elif not self.rank and (step.rank or step.messages or step.quits or step.recovers):
            self.at, self.last = at, place
        self.messages += step.messages
        self.ended = self.ended or step.quits
        self.over = self.over or step.over

    @property
    def succeeded(self) -> bool:
        return not self.rank and (self.messages > 0 or self.ended)

    def join(self, piece: Talk) -> None:
        """Add what was read later in the log."""
        step = Step(piece.rank, piece.error, piece.messages, False, piece.ended, piece.recovered, piece.over)
        self.take(step, piece.at, piece.last)
        self.remote = self.remote or piece.remote


class Sessions:
    """The sessions of one kind of log. Hears rows in the order of the log, and hands on each session that is over, once."""

    def __init__(self, *, whole: bool) -> None:
        """`whole`: nothing of this log was read elsewhere, so every session begins where it is first seen."""
        self._whole = whole
        self.open: dict[bytes, Talk] = {}
        self.pieces: dict[bytes, Talk] = {}
        self.gone: dict[bytes, None] = {}

    def take(self, row: Cells, place: Place, step: Step) -> Talk | None:
        """Add a row to its session; returns the session where the row ends one that can be counted."""
        talk = self.at(row, place, opens=step.opens)
        if talk is None:
            return None
        talk.take(step, row[0], place)
        return self.end(talk) if talk.over else None

    def at(self, row: Cells, place: Place, *, opens: bool = False) -> Talk | None:
        """The open session that a row belongs to; None where it is over."""
        id_ = row[2]
        talk = self.open.get(id_)
        if talk is None and id_ not in self.gone:
            talk = self.open[id_] = Talk.of(row, place, opens or self._whole)
        return talk

    def end(self, talk: Talk) -> Talk | None:
        """A session is over: returns it where it can be counted."""
        self.open.pop(talk.id, None)
        self.gone[talk.id] = None
        if talk.opened:
            return talk
        self.pieces[talk.id] = talk
        return None

    def endless(self) -> Iterator[Talk]:
        """Let go of some sessions that seem never to end, where there are too many; and of the names of those that ended."""
        for places in (self.open, self.pieces):
            if len(places) > _MOST_OPEN:
                for old in nsmallest(_MOST_OPEN // 10, places.values(), key=lambda talk: talk.last):
                    old.opened = True
                    self.pieces.pop(old.id, None)
                    self.end(old)
                    yield old
        self._forget()

    def follow(self, later: Sessions) -> Iterator[Talk]:
        """Take over what a reader of the next range of the log left open, and the pieces that it could not place."""
        for piece in (*later.pieces.values(), *later.open.values()):
            known = self.open.get(piece.id)
            if known is not None:
                known.join(piece)
            elif piece.id in self.gone:
                continue
            else:
                known = self.open[piece.id] = piece
                known.opened = True
            if known.over and self.end(known):
                yield known
        self.gone |= later.gone
        self._forget()

    def close(self) -> Iterator[Talk]:
        """The log is over: so are the sessions that were still open."""
        for talk in list(self.open.values()):
            if self.end(talk):
                yield talk

    def _forget(self) -> None:
        if len(self.gone) <= 2 * _REMEMBERED:
            return
        for id_ in list(islice(self.gone, max(0, len(self.gone) - _REMEMBERED))):
            del self.gone[id_]
