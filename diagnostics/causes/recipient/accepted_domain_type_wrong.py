"""The domain is Authoritative on the side that refused, although mailboxes of it live elsewhere.

## What is happening
Two systems share one mail domain: on-premises and Exchange Online, or Exchange and another product. The side
that got the message holds the domain as Authoritative, which says "I know every recipient", and refuses one
whose mailbox lives on the other side. The side that wrote the report is the side whose domain type, or
missing recipient object, has to change.

## What proves it
- `Get-AcceptedDomain` on the side that refused says Authoritative, and the recipient exists on the other side

## Not this when
- the recipient exists nowhere: then Authoritative is right
- the domain is InternalRelay already

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/manage-accepted-domains/manage-accepted-domains
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/on-premises-users-not-getting-emails-from-microsoft-365
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.lookup import (
    accepted,
    address,
    by_microsoft,
    directory_says_no,
    domain,
    holders,
    named,
    passed_on,
    premises,
    present,
)
from diagnostics.causes.recipient.steps import EXO, accepted_domains
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, LookedUp
from diagnostics.report import Act, Shell, Step


@cause(
    id="recipient.accepted-domain.type-wrong",
    act="on-prem",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "not found by SMTP address lookup",
    ),
    against={
        "RESOLVER.ADR.ExRecipNotFound": "looks up a LegacyExchangeDN; the type of a domain plays no part in it",
    },
)
def assess(
    said: Said,
    _domains: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    lookups: tuple[LookedUp, ...],
) -> Finding | None:
    """The type and the recipient on the other side together prove it; alone each only points here."""
    if not directory_says_no(said) or passed_on(said):
        return None
    online = by_microsoft(said)
    act: Act = "exchange-online" if online else "on-prem"
    wanted = address(said, replies)
    name = domain(wanted)
    kept = accepted(name, objects)
    kind = kept.get("DomainType").lower() if kept else ""
    if kept and "relay" in kind:
        because = f"{kept.name} is {kept.get('DomainType')}: unknown recipients are passed on, not refused."
        return Finding(Belief.RULED_OUT, because, (kept,))
    owner = next((each for each in holders(wanted, objects) if _elsewhere(each, online)), None)
    seen = owner or present(wanted, lookups, "on-prem" if online else "exchange-online")
    steps = _steps(name, online)
    if seen:
        who = owner.name if owner else "An object"
        because = f"{who} owns {named(wanted)} on the other side; the side that refused does not know it"
        because += f" and holds {kept.name} as Authoritative." if kept else "."
        belief = Belief.LIKELY if kept else Belief.POSSIBLE
        return Finding(belief, because, (said, seen, kept), steps, act, weight=1.9)
    because = (
        f"If {named(wanted, 'the mailbox')} lives in another system, the side that refused must not be Authoritative"
    )
    because += f" for {kept.name}, and is." if kept else " for its domain."
    return Finding(Belief.POSSIBLE, because, (said, kept), steps, act, weight=1.2 if kept else 0.9)


def _elsewhere(entry: Configured, refused_online: bool) -> bool:
    return premises(entry) == ("on-prem" if refused_online else "exchange-online")


def _steps(name: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    route = (
        look(
            "Check that an outbound connector leads from here to the other system.",
            "Get-OutboundConnector | Format-List Name,Enabled,RecipientDomains,SmartHosts,ConnectorType",
            EXO,
        )
        if online
        else look(
            "Check that a Send connector leads from here to the other system.",
            "Get-SendConnector | Format-List Name,Enabled,AddressSpaces,SmartHosts,DNSRoutingEnabled",
        )
    )
    return (
        accepted_domains(shell),
        route,
        change(
            "If the recipient can't be synchronized as an object, and a connector for the domain leads to the "
            "other system, let this side pass unknown recipients on.",
            "Set-AcceptedDomain {domain} -DomainType InternalRelay",
            shell=shell,
            changes=(
                "Unknown recipients of the domain are no longer refused here but sent on. Without "
                "that connector they circle."
            ),
            undo="The same with -DomainType Authoritative.",
            verify=(
                "Get-AcceptedDomain shows InternalRelay; a message to the recipient arrives, one to "
                "an invented address bounces once."
            ),
            domain=name,
        ),
    )
