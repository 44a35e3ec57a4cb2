"""Kerberos between two Exchange servers fails, so they can't sign in to each other.

## What is happening
Servers of one organization sign in to each other with a Kerberos ticket for SMTPSVC/<server>. A missing or
duplicate service principal name (SPN), a broken computer account, a broken trust between domains, unreplicated
accounts or blocked Kerberos ports make that fail: `454 4.7.0 Temporary authentication failure`, events 2017
(source) and 1035 (target). Only queues inside the organization suffer.

## What proves it
- the event names ExchangeAuth and a target SMTPSVC/<server>, and `setspn -X`, `nltest /sc_verify` or `netdom trust /verify` fails
- `klist get` brings no ticket for that name, or `setspn -L` lists none of SMTPSVC for the server
- `Test-ComputerSecureChannel` says False on one of the servers

## Not this when
- the clock differs by more than five minutes (`transport-service.clock.skew`)
- the target's EHLO lacks X-EXPS (`connector.receive.exchange-auth-missing`)
- the next hop is a smart host or Exchange Online: then credentials or certificates are asked for

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/client-connectivity/454-4-7-0-temporary-authentication-failure
- https://learn.microsoft.com/en-us/windows-server/administration/windows-commands/nltest
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.queues import inward, queue_of
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.transport_service.services import POWERSHELL, elsewhere, lost_internal_certificate
from diagnostics.facts import Fact, InstalledCertificate, QueueState, Said, Session, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

TEMPORARY: Final = "4.7.0 Temporary authentication failure"
_TARGET = linear(r"(?i)SMTPSVC/([A-Za-z0-9][A-Za-z0-9.-]{0,252}[A-Za-z0-9])")
_KERBEROS = linear(r"KRB_AP_ERR_MODIFIED|KDC_ERR_S_PRINCIPAL_UNKNOWN|KRB_AP_ERR_BAD_INTEGRITY")
_SKEWED = linear(r"(?i)time_?skew|0x80090324|KRB_AP_ERR_SKEW")


@cause(
    id="transport-service.kerberos.exchangeauth-failed",
    act="on-prem",
    says=(
        TEMPORARY,
        "The authentication mechanism is ExchangeAuth",
        "SMTPSVC/",
        "UnexpectedExchangeAuthBlob",
        "KRB_AP_ERR_MODIFIED",
        "KRB_AP_ERR_BAD_INTEGRITY",
        "KDC_ERR_S_PRINCIPAL_UNKNOWN",
        "535 5.7.3 anonymous authentication not allowed",
        'responded to the SMTP command "x-exps" with "454',
        'responded to the SMTP command "x-exps" with "535',
    ),
)
def assess(
    anchor: Said | Session | Configured | Told,
    _event: WindowsEvent | None,
    events: tuple[WindowsEvent, ...],
    queues: tuple[QueueState, ...],
    objects: tuple[Configured, ...],
    installed: tuple[InstalledCertificate, ...],
) -> Finding | None:
    """The mechanism in the event says it; the reply alone shares it with the clock and with directory trouble."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Session):
        return _from_session(anchor)
    if isinstance(anchor, Configured):
        return _looked(anchor)
    said = anchor
    texts = [said.text, *(e.text for e in events)]
    if any(_SKEWED.search(text) for text in texts):
        return Finding(Belief.RULED_OUT, "The error names a difference of the clocks.", (said,))
    clock = next((each for each in objects if each.kind == "clock" and each.failing), None)
    if clock:
        because = f"A clock is {int(clock.get('Offset')) // 60} minutes off, which alone makes Kerberos refuse."
        return Finding(Belief.POSSIBLE, because, (said, clock), _steps(""), weight=0.9)
    if elsewhere(said, queues):
        return Finding(
            Belief.RULED_OUT, "The queue leads outside: servers there don't use Kerberos with ours.", (said,)
        )
    lost = lost_internal_certificate(events, installed)
    if lost:
        because = f"Event {lost.event}: the server's own certificate is lost, so signing in never came to Kerberos."
        return Finding(Belief.RULED_OUT, because, (lost, said))
    channel = _broken(objects)
    if channel:
        return _unknown_to_domain(channel, (channel, said))
    target = next((str(found.group(1)) for text in texts if (found := _TARGET.search(text))), "")
    to = f" to {target}" if target else ""
    kerberos = next((str(found.group(0)) for text in texts if (found := _KERBEROS.search(text))), "")
    if kerberos:
        because = (
            f"Kerberos answers {kerberos} when an Exchange server signs in{to}: a wrong SPN, a broken account or trust."
        )
        return Finding(Belief.LIKELY, because, (said,), _steps(target), weight=1.5)
    if any("CheckForClockSkew" in text for text in texts):
        because = "A server could not read another one's Kerberos ticket; if the clocks agree, its account or SPN is at fault."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(target), weight=1.2)
    if any("ExchangeAuth" in text for text in texts):
        because = f"Signing in{to} with ExchangeAuth (Kerberos) fails between servers of the organization."
        return Finding(Belief.LIKELY, because, (said,), _steps(target), weight=1.2)
    where = queue_of(said, queues)
    inside = f", on the queue to {where.next_hop}" if where and inward(where) and where.next_hop else ""
    because = f"A server of the organization can't sign in to the next one{inside}; that is done with Kerberos."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(target), weight=1.7)


def _told(told: Told) -> Finding | None:
    """What a person tells makes it possible at most."""
    if told.story != "servers-lost-their-tickets":
        return None
    because = (
        "Mail between your servers waits since an SPN, a computer account or a trust was touched, as you tell it: they "
    )
    because += "sign in to each other with Kerberos, which builds on these."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.6)


@shown
def tools(objects: tuple[Configured, ...]) -> Finding | None:
    """What klist, setspn and nltest found. What they call good clears nothing: a ticket is had by whoever runs them, and
    another server may be the one at fault."""
    channel = _broken(objects)
    if channel:
        return _unknown_to_domain(channel, (channel,))
    name = next((each for each in objects if each.kind == "kerberos-name" and each.failing), None)
    return _by_hand(name) if name else None


def _broken(objects: tuple[Configured, ...]) -> Configured | None:
    """The last test of a secure channel, where it failed: one that was repaired is whole."""
    tested = [each for each in objects if each.kind == "secure-channel"]
    return tested[-1] if tested and tested[-1].failing else None


def _looked(fact: Configured) -> Finding | None:
    """What one look alone tells: a broken secure channel has more effects than this."""
    if fact.kind == "secure-channel" and fact.failing:
        return replace(_unknown_to_domain(fact, (fact,)), belief=Belief.POSSIBLE, weight=1.2)
    return _by_hand(fact) if fact.kind == "kerberos-name" else None


def _unknown_to_domain(channel: Configured, evidence: tuple[Fact, ...]) -> Finding:
    because = f"The secure channel of a server to {channel.name or 'its domain'} is broken ({channel.get('Result')}): the domain "
    because += "no longer accepts the password of its computer account, so no server can sign in to it with Kerberos."
    return Finding(Belief.LIKELY, because, evidence, _steps(""), weight=1.6)


def _by_hand(name: Configured) -> Finding:
    """What klist and setspn say of the name that servers ask tickets for."""
    error = name.get("Error")
    because = f"No ticket can be had for SMTPSVC/{name.name} ({error}): its SPN, the server's account or the trust is at fault."
    if error == "not registered":
        because = (
            f"The account of {name.name} has no SMTPSVC name registered, which every Exchange server has: there is no "
        )
        because += "ticket for it."
    elif not error:
        because = f"SMTPSVC/{name.name} is registered on more than one account, so tickets for it may be made for the wrong one."
    return Finding(Belief.LIKELY, because, (name,), _steps(name.name), weight=1.6)


def _from_session(session: Session) -> Finding | None:
    """Only Exchange offers X-EXPS, and inside the organization signing in with it is done by Kerberos."""
    failed = session.direction == "send" and "authentication failed" in session.error.lower()
    if not failed or kind_of(session.remote_ip) != "internal":
        return None
    on = f" on `{session.connector}`" if session.connector else ""
    because = f"Signing in to {session.remote_ip}{on} ended with `{session.error}`"
    if "X-EXPS" in session.capabilities:
        because += ", though it offers X-EXPS: between Exchange servers that is Kerberos."
        return Finding(Belief.LIKELY, because, (session,), _steps(session.host), weight=1.2)
    because += "; if that is a server of the organization, it is done with Kerberos."
    return Finding(Belief.POSSIBLE, because, (session,), _steps(session.host), weight=1.6)


def _steps(target: str) -> tuple[Step, ...]:
    return (
        look(
            "First rule out the clock, against a domain controller: an offset above five minutes breaks Kerberos by itself.",
            "w32tm /stripchart /computer:$env:USERDNSDOMAIN /samples:3 /dataonly; w32tm /monitor",
            POWERSHELL,
        ),
        look(
            "On the sending server, ask for the very ticket, and look for duplicate or missing SPNs.",
            "klist get SMTPSVC/{target:token}; setspn -L {server:token}; setspn -X",
            POWERSHELL,
            target=target,
            server=target.partition(".")[0],
        ),
        look(
            "Test the server's secure channel; if the two servers are in different domains, verify the trust too "
            "(netdom trust <parent> /domain:<child> /verify).",
            "nltest /sc_verify:$env:USERDNSDOMAIN; Test-ComputerSecureChannel -Verbose",
            POWERSHELL,
        ),
        change(
            "If the secure channel of one server is broken, repair it there.",
            "Test-ComputerSecureChannel -Repair -Credential (Get-Credential)",
            shell=POWERSHELL,
            changes="The computer account gets a new password in the domain and on the server.",
            undo="None needed: it restores the trust between server and domain.",
            verify="Test-ComputerSecureChannel says True.",
        ),
        change(
            "If setspn -X named a duplicate, remove the SPN from the account it does not belong to.",
            "setspn -D SMTPSVC/{target:token} {account:token}",
            shell=POWERSHELL,
            changes="Tickets for that name are made for the right account.",
            undo="setspn -S with the same name and account.",
            verify="klist get succeeds, and Retry-Queue empties the queue.",
            target=target,
            account="",
        ),
    )
