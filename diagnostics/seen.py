"""Which facts show a failure, and which show that it is over."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics import codes
from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    Fact,
    QueueState,
    Reply,
    Said,
    Session,
    SessionChange,
    Stage,
    TlsFailed,
    WindowsEvent,
)
from diagnostics.looked_facts import DnsAnswer, PortTest, TlsProbe
from diagnostics.patterns import linear

# How the logs of other mail servers begin what they refused to a client.
LOGGED_REFUSALS = (
    r"\bruleset=check_\w{2,10}, arg1=",
    r"\bfailed-command .{0,300}?command=",
    r"\"SMTPD\"\s.{0,200}\"SENT: [45]\d\d",
    r"\bRCPT error\W",
    r"\(smtp\.(?:mailbox-does-not-exist|relay-not-allowed|rcpt-to-rejected|rcpt-rejected)\)",
)
_LOGGED = linear("(?i)" + "|".join((*LOGGED_REFUSALS, "reject: (?:rcpt|mail|connect|ehlo|helo) from")))  # and Postfix's
_STUCK = frozenset({"retry", "suspended"})
_QUIET_LEVELS = frozenset({"information", "informational", "verbose"})
# Schannel's handshakes that went well, and services that were stopped or started as they were told to.
_QUIET_EVENTS = frozenset({36880, 36867, 7036})

_OLD = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
_PROTOCOL_VERSION = 70  # TLS alert
# Event 15005: pressure fell. Down to Medium, part of the mail is still refused.
_FELL = 15005
_RECOVERED = linear(
    r"(?i)\b(?:to|auf|nach|à|a|naar|do|till) [\"'«„]?(?:normal\w*|low|niedrig|faible|baj[oa]|bass[oa]|baix[oa]|laag|låg)\b"
)
# Transport's components, and a state that one of them came back to.
_COMPONENTS = frozenset({7011, 7012, 7014})
_ACTIVE_AGAIN = linear(
    r"(?i)\b(?:to|auf|zu|nach|à|a|en|naar) [\"'«„]?activ[eo]?\b|\b(?:auf|zu|naar) [\"'«„]?akti[vf]\b"
)
_TICKETS = frozenset({4768, 4769})
_MICROSOFTS = linear(r"(?i)\b(?:host|smtp(?:svc)?)/[\w.-]{0,80}\b(?:protection|mail)\.(?:outlook|microsoft)\.com")


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
            loud = fact.level.lower() not in _QUIET_LEVELS and fact.event not in _QUIET_EVENTS
            recovered = fact.event == _FELL and bool(_RECOVERED.search(fact.text))
            recovered = recovered or (fact.event in _COMPONENTS and bool(_ACTIVE_AGAIN.search(fact.text)))
            return loud and not (recovered or codes.calm(fact.provider, fact.event) or _asks_for_a_stranger(fact))
        case PortTest():
            return not fact.succeeded
        case DnsAnswer():
            return not fact.ok and not fact.list_asked[1]  # no answer of a list is the good one
        case TlsProbe():
            turned_away = fact.alert == _PROTOCOL_VERSION and fact.offered in _OLD  # as a server should
            return (fact.verify > 0 or fact.alert > 0 or bool(fact.error)) and not turned_away
        case QueueState():
            # Messages without a route wait in a queue that is Ready for ever.
            return fact.messages > 0 and (fact.status.lower() in _STUCK or fact.unreachable or fact.crowded)
        case _:
            return bool(getattr(fact, "failing", False))


def _asks_for_a_stranger(event: WindowsEvent) -> bool:
    """Whether a domain controller refused a Kerberos ticket for Microsoft's mail servers, which no domain of ours has: the
    session goes on without."""
    return event.event in _TICKETS and bool(_MICROSOFTS.search(event.text))


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


def put_off(facts: Iterable[Fact]) -> bool:
    """Whether all that failed were sessions that the other side put off (4xx), and each was followed by one of the same
    connector to the same address that delivered: a greylist, or a limit that passed."""
    known = list(facts)
    sessions = [fact for fact in known if isinstance(fact, Session)]
    delivered = [each for each in sessions if each.stage is Stage.DELIVERED and not each.failed]
    over = {each.session for each in sessions if each.failed and _followed(each, delivered)}
    failed = failures(known)
    return bool(failed) and all(
        isinstance(fact, Session | Reply) and fact.session in over and _temporary(fact) for fact in failed
    )


def _followed(failed: Session, delivered: Iterable[Session]) -> bool:
    return any(
        each.connector == failed.connector and each.remote_ip == failed.remote_ip and each.began > failed.began
        for each in delivered
    )


def _temporary(fact: Session | Reply) -> bool:
    if isinstance(fact, Session):
        return fact.error[:1] == "4" and not fact.tls_error
    return fact.code in range(400, 500)


def by_own_log(said: Said | Reply) -> bool:
    """Whether the log of another mail system than Exchange has it: it refused a client of its own."""
    return said.kind == "log" and bool(_LOGGED.search(said.source.quote))
