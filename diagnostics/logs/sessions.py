"""SMTP sessions out of the rows that decide them, however they are interleaved.

What a session came to is told as `recognisers.session_facts` tells it from all of its rows: a failed handshake before a
refusal, the first refusal before what it drags behind it, a peer that closes an open conversation without a word.

A reader that begins in the middle of a log can't know the beginnings of the sessions that are open there: what it reads
of them are pieces. `follow` adds them to their beginnings, so that ranges of one log may be read at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import Final

from diagnostics.facts import Source
from diagnostics.logs.rows import Cells, data_and_context
from diagnostics.recognisers.reply_text import connect_failure
from diagnostics.recognisers.session_facts import CLOSED_SILENTLY, TLS_FAILED, accepted, unconnected

Place = tuple[int, int]
"""A line: the number of its file, and its byte offset there. Places rise with the log."""

_FIRST: Final = (b"0", b"1", b"2")
_MOST_OPEN: Final = 20_000  # where the rows that end sessions were cut away
_REMEMBERED: Final = 4_096  # sessions that ended lately: their last rows may still come


class Rank(IntEnum):
    """Which of a session's failures names it: the highest, and the first of that."""

    NONE = 0
    CLOSED = 1
    CONNECT = 2
    REFUSED = 3
    TLS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """What one row adds to its session. `over`: nothing that follows can matter."""

    rank: Rank = Rank.NONE
    error: str = ""
    messages: int = 0
    opens: bool = False
    quits: bool = False
    recovers: bool = False  # what failed before did not stop it
    over: bool = False


OPENED: Final = Step(opens=True)
ACCEPTED: Final = Step(messages=1)
QUIT: Final = Step(quits=True, over=True)
CLOSED: Final = Step(over=True)
CLOSED_BY_PEER: Final = Step(rank=Rank.CLOSED, error=CLOSED_SILENTLY, over=True)


class Talk:
    """A session as far as it was read. Times are as written. `at` and `last` are of the row that decides so far."""

    __slots__ = (
        "at",
        "began",
        "connector",
        "ended",
        "error",
        "first",
        "id",
        "last",
        "messages",
        "opened",
        "over",
        "rank",
        "recovered",
        "remote",
    )

    def __init__(self, row: Cells, place: Place, *, opened: bool) -> None:
        self.began, self.connector, self.id = row[0], row[1], row[2]
        self.remote = row[5]
        self.at, self.first, self.last = row[0], place, place
        self.opened = opened  # its beginning is known
        self.rank, self.error = Rank.NONE, ""
        self.messages = 0
        self.ended = self.over = self.recovered = False

    def take(self, step: Step, at: bytes, place: Place) -> None:
        """Add a row. The first failure of the highest rank names the session."""
        if step is ACCEPTED or step is QUIT:  # nearly all rows, so without the rest
            self.messages += step.messages
            self.ended = self.over = step is QUIT
            if not self.rank:
                self.at, self.last = at, place
            return
        if step.recovers:
            self.rank, self.error, self.recovered = Rank.NONE, "", True
        if step.rank > self.rank and not (step.rank is Rank.CLOSED and self.messages):
            self.rank, self.error, self.at, self.last = step.rank, step.error, at, place
        elif not self.rank:
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
        self._gone: dict[bytes, None] = {}

    def take(self, row: Cells, place: Place, step: Step) -> Talk | None:
        """Add a row to its session; returns the session where the row ends one that can be counted."""
        id_ = row[2]
        talk = self.open.get(id_)
        if talk is None:
            if id_ in self._gone:
                return None
            talk = self.open[id_] = Talk(row, place, opened=self._whole or step.opens)
        if step is OPENED:
            return None
        talk.take(step, row[0], place)
        del self.open[id_]
        if not talk.over:
            self.open[id_] = talk  # at the end: those that are never heard of again come first, see `endless`
            return None
        self._gone[id_] = None
        if len(self._gone) > 2 * _REMEMBERED:
            self._forget()
        if talk.opened:
            return talk
        self.pieces[id_] = talk
        return None

    def endless(self) -> Iterator[Talk]:
        """Let go of some sessions that seem never to end, where there are too many."""
        for places in (self.open, self.pieces):
            if len(places) > _MOST_OPEN:
                for old in list(islice(places.values(), _MOST_OPEN // 10)):
                    old.opened = True
                    self.pieces.pop(old.id, None)
                    yield from self._end(old)

    def follow(self, later: Sessions) -> Iterator[Talk]:
        """Take over what a reader of the next range of the log left open, and the pieces that it could not place."""
        for piece in (*later.pieces.values(), *later.open.values()):
            known = self.open.get(piece.id)
            if known is not None:
                known.join(piece)
            elif piece.id in self._gone:
                continue
            else:
                known = self.open[piece.id] = piece
                known.opened = True
            if known.over:
                yield from self._end(known)
        self._gone |= later._gone
        self._forget()

    def close(self) -> Iterator[Talk]:
        """The log is over: so are the sessions that were still open."""
        for talk in list(self.open.values()):
            yield from self._end(talk)

    def _end(self, talk: Talk) -> Iterator[Talk]:
        self.open.pop(talk.id, None)
        self._gone[talk.id] = None
        if talk.opened:
            yield talk
        else:
            self.pieces[talk.id] = talk
        if len(self._gone) > 2 * _REMEMBERED:
            self._forget()

    def _forget(self) -> None:
        for id_ in list(islice(self._gone, max(0, len(self._gone) - _REMEMBERED))):
            del self._gone[id_]


def smtp_step(row: Cells, *, sends: bool) -> Step | None:
    """What a row adds to its session; None for most. `sends`: the log is that of the sending side, so `<` is the server."""
    event, rest = row[6], row[7]
    if event == b"+":
        return OPENED
    if event == (b"<" if sends else b">"):
        return _reply(rest)
    if event == (b">" if sends else b"<"):
        return QUIT if rest[:4] == b"QUIT" or rest.lstrip(b' "')[:4].upper() == b"QUIT" else None
    if event == b"-":
        return (CLOSED_BY_PEER if sends else CLOSED) if b"remote" in rest.lower() else None
    return _note(row)


def _reply(rest: bytes) -> Step | None:
    text = rest.lstrip(b' "')
    if text.startswith(b"250 2.6.0"):
        return ACCEPTED
    if text[:1] in (b"4", b"5") and text[:3].isdigit():
        data, context = data_and_context(rest)
        return Step(rank=Rank.REFUSED, error=data or context)
    return ACCEPTED if text[:3] == b"250" and accepted(text[:100].decode("utf-8", "replace")) else None


def _note(row: Cells) -> Step | None:
    text = " ".join(data_and_context(row[7])).strip()
    low = text.lower()
    handshake = TLS_FAILED.search(text) if "negotiation" in low else None
    if handshake:
        return Step(rank=Rank.TLS, error=f"TLS negotiation failed with error {handshake.group(1)}", over=True)
    if (text[:1] in "45" and text[1:3].isdigit()) or "authentication failed" in low:
        return Step(rank=Rank.REFUSED, error=text)
    failure = connect_failure(text, Source(1, "")) if "error" in low or "failed" in low else None
    if failure is None:
        return None
    # Later than its first rows, it is said in an open conversation, which goes on.
    return Step(rank=Rank.CONNECT, error=unconnected(failure), over=row[3] in _FIRST)
