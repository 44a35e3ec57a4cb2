"""Which facts show a failure, and which show that it is over."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    Fact,
    QueueState,
    Session,
    SessionChange,
    TlsFailed,
    WindowsEvent,
)
from diagnostics.looked_facts import DnsAnswer, PortTest, TlsProbe

_STUCK = frozenset({"retry", "suspended"})
_QUIET_LEVELS = frozenset({"information", "informational", "verbose"})
_QUIET_SCHANNEL = frozenset({36880, 36867})


def failures(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that show something broken, in the order read."""
    return [fact for fact in facts if _fails(fact)]


def _fails(fact: Fact) -> bool:
    match fact:
        case TlsFailed() | ConnectFailed() | ConnectionDropped() | CertificateRejected():
            return True
        case Session():
            return fact.failed
        case WindowsEvent():
            return fact.level.lower() not in _QUIET_LEVELS and fact.event not in _QUIET_SCHANNEL
        case PortTest():
            return not fact.succeeded
        case DnsAnswer():
            return not fact.ok
        case TlsProbe():
            return fact.verify > 0 or fact.alert > 0 or bool(fact.error)
        case QueueState():
            return fact.status.lower() in _STUCK and fact.messages > 0
        case _:
            return bool(getattr(fact, "failing", False))


def cured(facts: Iterable[Fact]) -> SessionChange | None:
    """The success that ended the case: it came in a later paste than every failure, on each connector that failed."""
    changes: list[SessionChange] = []
    latest_failure = -1
    for fact in facts:
        if isinstance(fact, SessionChange):
            changes.append(fact)
        elif _fails(fact):
            latest_failure = max(latest_failure, fact.source.paste)
    over = [change for change in changes if change.cured and change.succeeded.source.paste > latest_failure]
    return over[-1] if over and len(over) == len(changes) else None
