"""What the rows of a protocol log add to their sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from diagnostics.log_forms import (
    CLOSED_SILENTLY,
    TLS_FAILED,
    UNNAMED,
    accepted,
    logon_denied,
    refuses,
    unconnected,
    unreached,
)
from diagnostics.logs.layout import Layout
from diagnostics.logs.rows import Cells, cells, data_and_context, quoted
from diagnostics.logs.screen import LAST_USUAL, LEFT, OPENED, QUIT, TAKEN, Hit
from diagnostics.logs.sessions import Place, Rank, Sessions, Step, Talk

_FIRST: Final = (b"0", b"1", b"2")
_OPENED: Final = Step(opens=True)
_ACCEPTED: Final = Step(messages=1)
_QUIT: Final = Step(quits=True, over=True)
_CLOSED: Final = Step(over=True)
_CLOSED_BY_PEER: Final = Step(rank=Rank.CLOSED, error=CLOSED_SILENTLY, over=True)
_COLUMNS: Final = 6  # before the event
_COMMAS: Final = 4  # from the id to the event
_LESS, _GREATER, _COMMA, _QUOTE = b'<>,"'
_OFTEN: Final = 1000  # bytes of what is kept because it will be said again
_TIME: Final = len("2026-11-18T08:12:44.262Z")
_ID: Final = len("08DE2A6B91C0F4A2")


class Hearing:
    """Hears rows of one SMTP log in their order, and hands on the sessions that are over.

    Of the rows that the screen lets through nearly all are of three kinds: it opened, a message was taken, QUIT. Those are
    told here, without a call for each; the others, and whatever has another form, by `smtp_step`.
    """

    def __init__(self, sessions: Sessions, layout: Layout, spoil: Callable[[Place, bytes], None]) -> None:
        self._sessions = sessions
        self._layout = layout
        self._spoil = spoil
        self._sends = layout.kind == "smtp-send-log"

    def screened(  # noqa: C901 - a million rows a second go through here: a call for each would cost a third
        self, text: bytes, hits: Iterable[Hit], file: int, offset: int
    ) -> list[Talk]:
        """The rows in `text`, which stands at byte `offset` of a file, that a hit stands in."""
        over: list[Talk] = []
        opened, gone = self._sessions.open, self._sessions.gone
        asks = _GREATER if self._sends else _LESS
        before, behind, count, last, skip = text.rfind, text.find, text.count, 0, self._layout.places[0]
        for number, at, _ in hits:
            # No further back than the hit before: one row has one meaning, and a line of hits alone must cost linear time.
            seen, last = last, at or 1
            start = before(b"\n", seen, at) + 1
            if not start and seen:
                continue
            time = start
            if skip:
                for _ in range(skip):
                    time = behind(b",", time, at) + 1 or at
            name = time + _TIME + 1
            if number == OPENED:
                head = text[time:at]
                row = head.split(b",")
                if len(row) > _COLUMNS and row[1][:1] == b'"':
                    row = quoted(head) or row
                if len(row) == _COLUMNS:
                    began, connector, id_, sequence, _, remote = row
                    if len(began) == _TIME and len(id_) == _ID and sequence.isdigit():
                        if id_ in gone:
                            continue
                        if id_ not in opened:
                            place = (file, offset + start)
                            opened[id_] = Talk(began, began, connector, id_, remote, place, place, True)
                            continue
            elif 0 < number <= LAST_USUAL and name + _ID < at and text[name - 1] == _COMMA:
                # Only the id is needed: half of what taking the row apart would cost.
                id_at = behind(b",", name, at) + 1 if text[name] != _QUOTE else behind(b'",', name + 1, at) + 2
                talk = opened.get(text[id_at : id_at + _ID])
                if talk is None:
                    if text[id_at : id_at + _ID] in gone:
                        continue
                elif talk.rank or count(b",", id_at, at) != _COMMAS:
                    pass
                elif number >= TAKEN:
                    talk.messages += 1
                    talk.at, talk.last = text[time : name - 1], (file, offset + start)
                    continue
                elif talk.opened and (number == LEFT or (number == QUIT and text[at - 1] == asks)):
                    if number == QUIT:
                        talk.at, talk.last, talk.ended = text[time : name - 1], (file, offset + start), True
                    talk.over = True
                    del opened[talk.id]
                    gone[talk.id] = None
                    over.append(talk)
                    continue
            ended = self.row(text[start : behind(b"\n", at)], (file, offset + start))
            if ended is not None:
                over.append(ended)
        return over

    def row(self, line: bytes, place: Place) -> Talk | None:
        """Hear one row; returns the session that it ends."""
        row = cells(line, self._layout)
        if row is None:
            if line.strip():
                self._spoil(place, line)
            return None
        step = smtp_step(row, sends=self._sends)
        return self._sessions.take(row, place, step) if step is not None else None


def smtp_step(row: Cells, *, sends: bool) -> Step | None:
    """What a row adds to its session; None for most. `sends`: the log is that of the sending side, so `<` is the server."""
    event, rest = row[6], row[7]
    if event == b"+":
        return _OPENED
    if event == (b"<" if sends else b">"):
        return _reply(rest)
    if event == (b">" if sends else b"<"):
        return _QUIT if rest[:4] == b"QUIT" or rest.lstrip(b' "')[:4].upper() == b"QUIT" else None
    if event == b"-":
        return _CLOSED_BY_PEER if sends and b"remote" in rest.lower() else _CLOSED
    return (_note if len(rest) < _OFTEN else _note.__wrapped__)(rest, early=row[3] in _FIRST)


def _reply(rest: bytes) -> Step | None:
    text = rest.lstrip(b' "')
    if text.startswith(b"250 2.6.0"):
        return _ACCEPTED
    if text[:1] in (b"4", b"5") and text[:3].isdigit():
        data, context = data_and_context(rest)
        return Step(rank=Rank.REFUSED, error=data or context)
    return _ACCEPTED if text[:3] == b"250" and accepted(text[:100].decode("utf-8", "replace")) else None


@lru_cache(maxsize=1024)  # an outage says the same in thousands of sessions
def _note(rest: bytes, *, early: bool) -> Step | None:
    """`early`: it is one of the first rows of its session."""
    text = " ".join(data_and_context(rest)).strip()
    low = text.lower()
    handshake = TLS_FAILED.search(text) if "negotiation" in low else None
    if handshake:
        name = handshake.group(1) or UNNAMED
        return Step(rank=Rank.TLS, error=f"TLS negotiation failed with error {name}", over=True)
    if refuses(text) or "authentication failed" in low:
        return Step(rank=Rank.REFUSED, error=text)
    if logon_denied(text):
        return Step(rank=Rank.DENIED, error=text)
    failure = unreached(text) if "error" in low or "failed" in low else None
    if failure is None:
        return None
    # Later than its first rows, it is said in an open conversation, which goes on.
    return Step(rank=Rank.CONNECT, error=unconnected(*failure), over=early)
