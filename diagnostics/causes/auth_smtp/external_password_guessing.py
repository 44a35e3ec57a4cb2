"""A bot from the Internet tries to guess a password at a public connector, and is refused.

## What is happening
Every public port 25 is visited by bots that greet (often `EHLO ylmf-pc` or `EHLO User`), try AUTH LOGIN with guessed
accounts, and leave. The refusal, `504 5.7.4 Unrecognized authentication type` or `535 5.7.3`, is the right answer. No mail
of the organization is concerned, and nothing has to be repaired. It matters only if accounts get locked by it.

## What proves it
- a foreign public address without relation to the organization, a session of greeting, AUTH, refusal and the end by the
  other side, without MAIL FROM, often from changing addresses

## Not this when
- the address is inside, or belongs to a known device, application or partner
- the session goes on with MAIL FROM
- the address is one of Exchange Online's

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
- https://attack.mitre.org/techniques/T1110/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.auth_smtp.logon import (
    between_servers,
    client_ip,
    event_connector,
    from_outside,
    is_client_connector,
    session_of,
)
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said, Session, Stage
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_REFUSALS: Final = ("5.7.4 unrecognized authentication type", "5.7.3 authentication unsuccessful", "535 5.7.")
_BOT: Final = "ylmf-pc"
_HUNG_UP: Final = "too many errors on this connection"


@cause(
    id="auth-smtp.external.password-guessing",
    act="network",
    benign=True,
    says=(_BOT, "LogonDenied"),
)
def assess(
    anchor: Session | Said | Configured, sessions: tuple[Session, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """The log of a receiving server shows the whole visit; event 1035 only the address, and people what they see of it."""
    if isinstance(anchor, Configured):
        return _seen(anchor) if anchor.kind == "told-guessing" else None
    if isinstance(anchor, Said):
        return _told(anchor, session_of(anchor, sessions))
    thrown_out = frozenset(each.session for each in replies if _HUNG_UP in each.text.lower())
    if not _is_visit(anchor, thrown_out):
        return _no_stranger(anchor)
    others = {s.remote_ip for s in sessions if _is_visit(s, thrown_out)}
    because = f"{anchor.remote_ip}, a public address, greeted `{anchor.connector}` at {anchor.began}, tried AUTH, was refused "
    because += "and never sent MAIL FROM: that is how bots guess passwords."
    if len(others) > 1:
        because += f" {len(others)} such addresses are in the log."
    belief = (
        Belief.POSSIBLE if anchor.stage >= Stage.SECURED or is_client_connector(anchor.connector) else Belief.LIKELY
    )
    return Finding(belief, because, (anchor,), _steps(anchor.connector), weight=1.3)


def _seen(told: Configured) -> Finding:
    because = (
        "Logons that strangers try on a connector that faces the Internet are mostly bots that guess passwords: every "
    )
    because += "public server has them, and while they are refused no mail is concerned. AUTH need not be offered there at all."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.4)


def _no_stranger(session: Session) -> Finding | None:
    """A refused logon from inside is somebody's device or application."""
    refused = any(words in session.error.lower() for words in _REFUSALS)
    if session.direction != "receive" or not refused or kind_of(session.remote_ip) != "internal":
        return None
    because = f"{session.remote_ip}, which was refused on `{session.connector}`, is an address of the inside."
    return Finding(Belief.RULED_OUT, because, (session,))


def _is_visit(session: Session, thrown_out: frozenset[str]) -> bool:
    """`thrown_out` are the sessions that the server ended itself, after too many errors."""
    refused = any(words in session.error.lower() for words in _REFUSALS)
    left = (session.closed_by != "local" or session.session in thrown_out) and session.stage < Stage.MAIL
    return session.direction == "receive" and refused and left and from_outside(session.remote_ip)


def _told(said: Said, session: Session | None) -> Finding | None:
    if said.signature == _BOT:
        because = "`ylmf-pc` is the greeting of a known bot that guesses passwords; it was refused, as it should be."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(""))
    ip, connector = client_ip(said, session), session.connector if session else event_connector(said)
    if "outbound authentication failed" in said.text.lower() or between_servers(said):
        return None
    if kind_of(ip) == "internal":
        return Finding(Belief.RULED_OUT, f"The logon that failed came from {ip}, an address of the inside.", (said,))
    if not from_outside(ip):
        return None
    because = f"The address that failed to log on, {ip}, is outside: mostly a bot that guesses passwords on a public connector."
    client = is_client_connector(connector)
    return Finding(
        Belief.POSSIBLE if client else Belief.LIKELY,
        because,
        (said,),
        _steps(connector),
        weight=1.0 if client else 1.2,
    )


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "Nothing has to be repaired. See that the Internet connector offers no Basic authentication without TLS.",
            "Get-ReceiveConnector {connector} | Format-List Identity,AuthMechanism,PermissionGroups,TarpitInterval",
            connector=connector,
        ),
        look(
            "See whether accounts are being locked by the guesses.",
            "Search-ADAccount -LockedOut | Format-Table SamAccountName,LockedOut,LastLogonDate",
            "powershell",
        ),
        advise(
            "If the attempts are a nuisance: block the address, or AUTH scans as such, at the firewall in front of Exchange."
        ),
    )
