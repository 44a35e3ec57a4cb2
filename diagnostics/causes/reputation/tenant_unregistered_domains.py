"""The tenant relays mail whose sender domains aren't registered in it.

## What is happening
Much mail leaves the tenant with envelope senders in domains that are no accepted domains of it, through an
inbound connector from an application, a server or a customer's brands. Exchange Online takes that for abuse
and blocks it: `550 5.7.750 Client blocked from sending from unregistered domains`.

## What proves it
- the text; the domain of the failing sender is missing in Get-AcceptedDomain

## Not this when
- the domain is accepted: then look for a connector that an intruder made
- one message is refused with 5.7.64 or ATTR36 (`connector.exo-inbound.domain-not-accepted`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-700-through-5-7-750
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.quota_throttle.traffic import inbound_connectors, top_senders
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Said
from diagnostics.report import Step


@cause(
    id="reputation.tenant.unregistered-domains",
    act="exchange-online",
    says=("5.7.750", "blocked from sending from unregistered domain"),
)
def assess(said: Said) -> Finding:
    """Only this has the number."""
    because = (
        "Too much of what the tenant sends has a sender in a domain that is no accepted domain of it, so Exchange "
    )
    because += "Online blocks it."
    sure = has(said, "unregistered domain")
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (said,), _steps(), weight=1.0)


def _steps() -> tuple[Step, ...]:
    return (
        look("See which domains are registered.", "Get-AcceptedDomain | Format-Table DomainName,DomainType", EXO),
        top_senders(),
        inbound_connectors(),
        advise(
            "Add and verify every domain that you send from in the Microsoft 365 admin center, so that it becomes an "
            "accepted domain; stop what you don't know."
        ),
        advise(
            "For relayed mail use a connector by certificate whose name is in an accepted domain; then ask Microsoft "
            "support to lift the block."
        ),
    )
