"""What the rows of a protocol log add to their sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from diagnostics.facts import Source
from diagnostics.logs.layout import Layout
from diagnostics.logs.rows import Cells, cells, data_and_context, quoted
from diagnostics.logs.screen import Hit
from diagnostics.logs.sessions import Place, Rank, Sessions, Step, Talk
from diagnostics.recognisers.reply_text import connect_failure
from diagnostics.recognisers.session_facts import CLOSED_SILENTLY, TLS_FAILED, accepted, unconnected

_FIRST: Final = (b"0", b"1", b"2")
_OPENED: Final = Step(opens=True)
_ACCEPTED: Final = Step(messages=1)
_QUIT: Final = Step(quits=True, over=True)
_CLOSED: Final = Step(over=True)
_CLOSED_BY_PEER: Final = Step(rank=Rank.CLOSED, error=CLOSED_SILENTLY, over=True)
_TOOK: Final = (b'"250 2.6.0 ', b"250 2.6.0 ")
_CELLS: Final = 8
_OFTEN: Final = 1000  # bytes of what is kept because it will be said again
_TIME: Final = len("2026-11-18T08:12:44.262Z")


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

    def screened(self, text: bytes, hits: Iterable[Hit], file: int, offset: int) -> list[Talk]:
        """The rows in `text`, which stands at byte `offset` of a file, that a hit stands in."""
        sessions, over = self._sessions, list[Talk]()
        opened, gone = sessions.open, sessions.gone
        answers, asks = (b"<", b">") if self._sends else (b">", b"<")
        before, behind = text.rfind, text.find
        end = -1
        for _, at, _ in hits:
            if at < end:
                continue  # on the line that was read last
            start = before(b"\n", 0, at) + 1
            end = behind(b"\n", at)
            row = text[start:end].split(b",", 7)
            if len(row) == _CELLS and row[1][:1] == b'"':
                row = quoted(text[start:end]) or row
            if len(row) == _CELLS and len(row[0]) == _TIME and row[3].isdigit():
                event, id_ = row[6], row[2]
                talk = opened.get(id_)
                if talk is None:
                    if id_ in gone:
                        continue
                    if event == b"+" and len(id_) == 16:
                        opened[id_] = Talk(row, (file, offset + start), True)
                        continue
                elif not talk.rank:
                    if event == answers and row[7].startswith(_TOOK):
                        talk.messages += 1
                        talk.at, talk.last = row[0], (file, offset + start)
                        del opened[id_]
                        opened[id_] = talk  # at the end, as in `Sessions.at`
                        continue
                    if event == asks and row[7][:4] == b"QUIT":
                        talk.at, talk.last = row[0], (file, offset + start)
                        talk.ended = talk.over = True
                        if sessions.end(talk):
                            over.append(talk)
                        continue
            talk = self.row(text[start:end], (file, offset + start))
            if talk is not None:
                over.append(talk)
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
        return (_CLOSED_BY_PEER if sends else _CLOSED) if b"remote" in rest.lower() else None
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
        return Step(rank=Rank.TLS, error=f"TLS negotiation failed with error {handshake.group(1)}", over=True)
    if (text[:1] in "45" and text[1:3].isdigit()) or "authentication failed" in low:
        return Step(rank=Rank.REFUSED, error=text)
    failure = connect_failure(text, Source(1, "")) if "error" in low or "failed" in low else None
    if failure is None:
        return None
    # Later than its first rows, it is said in an open conversation, which goes on.
    return Step(rank=Rank.CONNECT, error=unconnected(failure), over=early)
