"""What happened when, as far as the text tells it in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.facts import Fact, Reply, Session, Stage, WindowsEvent
from diagnostics.report import Moment

_MOST: Final = 40


def moments(facts: Iterable[Fact]) -> list[Moment]:
    """Moments in the order of their times, those without a time left out; at most 40, first and last kept."""
    told = [moment for fact in facts if (moment := _moment(fact)) is not None]
    told.sort(key=lambda moment: (moment.at, moment.paste, moment.line))
    return told if len(told) <= _MOST else told[: _MOST // 2] + told[-_MOST // 2 :]


def _moment(fact: Fact) -> Moment | None:
    what = at = ""
    if isinstance(fact, Session):
        at, what = fact.began, _session(fact)
    elif isinstance(fact, Reply) and fact.kind != "log":
        at, what = fact.at, fact.text[:160]
    elif isinstance(fact, WindowsEvent):
        at, what = fact.at, f"{fact.provider} {fact.event} {fact.error}".strip()
    if not at or not at.endswith("Z"):
        return None
    return Moment(at=at, line=fact.source.line, what=what, paste=fact.source.paste)


def _session(session: Session) -> str:
    name = session.connector or "session"
    where = session.host or session.remote_ip
    target = f" with {where}" if where else ""
    certificate = f", our certificate {session.thumbprint}" if session.thumbprint else ""
    if session.tls_error:
        return f"{name}{target}: TLS failed with {session.tls_error}{certificate}"
    if session.error:
        return f"{name}{target}: {session.error[:120]}"
    if session.protocol:
        return f"{name}{target}: {session.protocol} negotiated{certificate}"
    return f"{name}{target}: reached {Stage(session.stage).name.lower()}"
