"""Outlook.com (Hotmail) refuses or slows the sending address.

## What is happening
Outlook.com, Microsoft's service for private people, keeps its own reputation of sending addresses, apart from
Exchange Online's. A blocked network gets `550 5.7.1 … part of their network is on our block list (S3140)` or
(S3150), a doubtful address `451 4.7.650 … temporarily rate limited due to IP reputation (S775)`. Networks of
cloud and hosting providers are often blocked as a whole.

## What proves it
- the mark in brackets, said by a server of olc.protection.outlook.com

## Not this when
- the server belongs to a tenant, `….mail.protection.outlook.com`, and says 5.7.606
  (`reputation.ip.microsoft-banned`) or 4.7.500 (`quota-throttle.eop.ip-throttled`)

## References
- https://sendersupport.olc.protection.outlook.com/pm/
- https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.addresses import blamed, microsofts, named
from diagnostics.causes.reputation.lists import find_the_source
from diagnostics.facts import Said
from diagnostics.report import Act, Step


@cause(
    id="reputation.ip.consumer-outlook",
    act="sender",
    says=(
        "S3140",
        "S3150",
        "part of their network is on our block list",
        "4.7.650",
        "rate limited due to IP reputation",
        "S775",
        "SC-001",
        "DY-001",
        "by Outlook.com for policy reasons",
        "by Windows Live Hotmail for policy reasons",
    ),
    against={
        "does not meet the required authentication level": "is about SPF, DKIM and DMARC of the domain, not about the address",
    },
)
def assess(said: Said) -> Finding | None:
    """Marks of Outlook.com alone; the two short ones count beside its name."""
    low = has(said, "(sc-001)", "(dy-001)", "outlook.com", "hotmail")
    if said.signature in ("SC-001", "DY-001", "S775") and not low and not has(said, "reputation"):
        return None
    ip = blamed(said.text)
    slowed = has(said, "4.7.650", "rate limited", "s775")
    act: Act = "microsoft" if microsofts(ip) else "sender"
    because = f"Outlook.com {'slows' if slowed else 'blocks'} {named(ip)} for its reputation"
    because += "; the mail stays queued and is tried again." if slowed else ", or that of the network it belongs to."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(ip), act)


def _steps(ip: str) -> tuple[Step, ...]:
    return (
        look(
            "See whether the address has a name, and whether it is the mail server's.",
            "Resolve-DnsName {address} -Type PTR",
            "powershell",
            address=ip,
        ),
        advise(
            "See the address's state in SNDS (https://sendersupport.olc.protection.outlook.com/snds/), and join JMRP to "
            "be told of complaints."
        ),
        find_the_source(),
        advise(
            "Then open a ticket with Outlook.com sender support (https://olcsupport.office.com) and ask for mitigation; "
            "if the first answer is `not qualified`, reply to it and ask for escalation."
        ),
        advise(
            "While it lasts, or when the provider's whole network is blocked, relay through a smart host with a good name."
        ),
    )
