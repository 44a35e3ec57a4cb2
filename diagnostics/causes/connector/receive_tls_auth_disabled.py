"""The Receive connector has no TLS among its authentication mechanisms.

## What is happening
`Tls` was removed from the connector's AuthMechanism (often on a connector that was added for relaying), so it leaves
STARTTLS out of its EHLO reply, whatever its certificate. Senders that insist on TLS, Exchange Online first, wait with
`451 5.7.3 STARTTLS is required to send mail`. Port 587, which is another connector, still offers it.

## What proves it
- AuthMechanism of the connector that answers lacks Tls
- a receive log that ends after the answer to EHLO (a bare `-`, or `Remote(SocketError)`), where TLS was switched off: a hint
- no event 12014 was logged: the certificate is not what is missing

## Not this when
- AuthMechanism of the connector that answered includes Tls: then the certificate
  (`certificate.local.receive-connector-tlsname-stale`)
- EHLO on the server itself lists STARTTLS: then a device in front removes it

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.event12014 import told_of
from diagnostics.causes.certificate.withheld import Withheld, withheld
from diagnostics.causes.connector.settings import is_bound, label, listeners, the_one, words
from diagnostics.facts import Reply, StarttlsNotOffered, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step
from diagnostics.text import is_cut


@cause(id="connector.receive.tls-auth-disabled", act="on-prem")
def assess(
    fact: StarttlsNotOffered | Told,
    event: WindowsEvent | None,
    _settings: Configured | None,
    objects: tuple[Configured, ...],
    events: tuple[WindowsEvent, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The connector's own mechanisms settle it; an EHLO reply without any authentication points here."""
    if isinstance(fact, Told):
        return _told(fact)
    found = withheld(fact, replies, objects)
    if found is None:
        return None
    met = the_one(fact.connector, objects)
    if met and met.told("AuthMechanism"):
        return _from_settings(found, met)
    told = told_of(found.fact.connector, events)
    if told:
        because = f"Event 12014 says that there is no certificate with {told.wanted}: the mechanism is on."
        return Finding(Belief.RULED_OUT, because, (told.event, event))
    if found.bare:
        because = (
            f"{found.words}, nor any way to authenticate: a connector without mechanisms, as relay connectors are made."
        )
        needed = next((each for each in replies if "STARTTLS is required" in each.whole), None)
        belief = Belief.LIKELY if needed else Belief.POSSIBLE
        return Finding(belief, because, (fact, needed), _steps(fact.connector), weight=1.8)
    because = f"{found.words}. It also leaves it out when Tls is not among the connector's mechanisms."
    return Finding(Belief.POSSIBLE, because, (fact,), _steps(fact.connector), weight=found.weight(1.2))


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """The mechanisms of all connectors on port 25; which of them answered is not told."""
    known = [
        each for each in listeners(objects) if each.told("AuthMechanism") and not is_cut(each.get("AuthMechanism"))
    ]
    known = [each for each in known if each.get("TransportRole").lower() != "hubtransport"]
    lacking = next((each for each in known if "tls" not in words(each, "AuthMechanism")), None)
    if lacking:
        because = f"{label(lacking)} has AuthMechanism {lacking.get('AuthMechanism') or 'None'}, without Tls, so it offers no "
        because += "STARTTLS to the clients that it answers."
        return Finding(Belief.LIKELY, because, (lacking,), _steps(lacking.name))
    if not known:
        return None
    because = (
        f"Every connector on port 25 that was sent has Tls among its mechanisms ({', '.join(map(label, known[:3]))})."
    )
    return Finding(Belief.RULED_OUT, because, tuple(known[:3]))


def _told(told: Told) -> Finding | None:
    """Who switched TLS off on the connector, and sees clients leave where STARTTLS would have been offered."""
    if told.story != "hangs-up-without-tls":
        return None
    because = "TLS is switched off on the connector, as you tell it, and the client hangs up right after the answer to EHLO: so "
    because += (
        "does one that insists on TLS and finds no STARTTLS there. Switch it on, or make TLS optional in the client."
    )
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.5)


def _from_settings(found: Withheld, met: Configured) -> Finding | None:
    """The mechanisms of the connector that answered; without its name, of the only one that was sent."""
    mechanisms = met.get("AuthMechanism") or "None"
    elsewhere = met.told("Bindings") and not is_bound(met, 25)
    if not found.fact.connector and elsewhere:
        return None  # a connector for clients, of which nobody spoke
    if "tls" in words(met, "AuthMechanism"):
        because = f"{label(met)} has Tls among its mechanisms ({mechanisms})."
        return Finding(Belief.RULED_OUT, because, (met,))
    because = f"{found.words}, and {label(met)} has AuthMechanism {mechanisms}, without Tls."
    ours = found.seen != "unclear" or found.bare
    answered = bool(found.fact.connector) or is_bound(met, 25)
    belief = Belief.CONFIRMED if ours and answered else Belief.LIKELY
    return Finding(belief, because, (met, found.fact), _steps(met.name))


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.list_receive_connectors(),
        change(
            "Add TLS to the mechanisms of the connector that answers on port 25; keep those that it has.",
            "Set-ReceiveConnector {receive_connector} -AuthMechanism "
            "((Get-ReceiveConnector {receive_connector}).AuthMechanism.ToString() + ', Tls')",
            changes="The connector offers STARTTLS; nobody gets more rights by it.",
            undo="Set-ReceiveConnector with the AuthMechanism that the first step printed.",
            verify="EHLO on port 25 of the server lists STARTTLS.",
            receive_connector=connector,
        ),
        steps.restart_frontend(),
    )
