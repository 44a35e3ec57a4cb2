"""How the sessions of one pasted log went, one after the other: for who wants to draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from diagnostics.comparison import differences
from diagnostics.facts import Session, Stage
from diagnostics.recognisers import Reading
from diagnostics.recognisers.protocol_log import read
from diagnostics.text import Paste


class Run(Struct, frozen=True):
    """A session that succeeded (`error` is "") or failed; `at` is when it began, in UTC."""

    at: datetime
    connector: str
    error: str = ""


class Stretch(Struct, frozen=True):
    """Failures of one connector with one error, with no success of it between them. `ended` is its next success, None where none
    follows; `changes` names what differs between the last success before and the first failure."""

    connector: str
    error: str
    began: datetime
    ended: datetime | None
    sessions: int
    changes: tuple[str, ...] = ()


class Course(Struct, frozen=True):
    """The sessions of which a time is known, in order, and the stretches of failure."""

    kind: str
    runs: tuple[Run, ...]
    stretches: tuple[Stretch, ...]


def course(text: str) -> Course | None:
    """Of the protocol log in a pasted text with most sessions; None where there is none. Linear in the text."""
    logs = read(Reading(Paste.of(text), set()))
    sessions = [(each.kind, [fact for fact in each.facts if isinstance(fact, Session)]) for each in logs]
    kind, most = max(sessions, key=lambda item: len(item[1]), default=("", []))
    timed = sorted(
        ((at, session) for session in most if (at := _when(session)) is not None and _over(session)),
        key=lambda item: item[0],
    )
    if not timed:
        return None
    runs = tuple(Run(at, session.connector, _error(session)) for at, session in timed)
    connectors = dict.fromkeys(session.connector for _, session in timed)
    found = [
        stretch
        for connector in connectors
        for stretch in _stretches([item for item in timed if item[1].connector == connector])
    ]
    return Course(kind, runs, tuple(sorted(found, key=lambda stretch: stretch.began)))


def _stretches(timed: Sequence[tuple[datetime, Session]]) -> Iterator[Stretch]:
    """Of one connector."""
    before: Session | None = None
    failing: list[tuple[datetime, Session]] = []
    for at, session in timed:
        if failing and (not session.failed or _error(session) != _error(failing[0][1])):
            yield _stretch(before, failing, at)
            failing = []
        if session.failed:
            failing.append((at, session))
        else:
            before = session
    if failing:
        yield _stretch(before, failing, None)


def _stretch(before: Session | None, failing: Sequence[tuple[datetime, Session]], ended: datetime | None) -> Stretch:
    began, first = failing[0]
    changes = tuple(what for what, _, _ in differences(before, first)) if before else ()
    return Stretch(first.connector, _error(first), began, ended, len(failing), changes)


def _over(session: Session) -> bool:
    """Whether it is known how the session ended."""
    return session.failed or session.stage >= Stage.SECURED


def _error(session: Session) -> str:
    return session.tls_error or session.error


def _when(session: Session) -> datetime | None:
    try:
        found = datetime.fromisoformat(session.began)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
