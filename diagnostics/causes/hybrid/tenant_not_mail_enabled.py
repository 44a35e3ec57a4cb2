"""The recipient's tenant has no active mail subscription.

## What is happening
The recipient's domain belongs to a tenant of Exchange Online whose subscriptions with mail have expired or were never
bought. Exchange Online puts off everything for it (`451 4.4.4 … hosted tenant which has no mail-enabled subscriptions`,
or ATTR5), and senders give up after a day or two. Only the tenant's own administrators can end that.

## What proves it
- the words, or ATTR5, in a refusal of Exchange Online
- all mail to that tenant is put off, from everywhere

## Not this when
- the refusal has ATTR35: then the mail reached the wrong region (`dns.mx.legacy-eop-target`)
- only some recipients are refused

## References
- https://learn.microsoft.com/en-us/microsoft-365/commerce/subscriptions/what-if-my-subscription-expires
- https://github.com/sisimai/p5-sisimai/blob/master/lib/Sisimai/Rhost/Microsoft.pm
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.recipient.lookup import address, domain
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.report import Step


@cause(
    id="hybrid.tenant.not-mail-enabled",
    act="recipient-side",
    says=("hosted tenant which has no mail-enabled subscriptions", "ATTR5", "Please try again later ATTR18"),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """Microsoft's own words; ATTR18 is a look-up that fails for this reason too."""
    low = said.text.lower()
    name = domain(address(said, replies))
    whose = f"The tenant of {name}" if name else "The recipient's tenant"
    if "mail-enabled subscriptions" in low:
        because = f"{whose} has no active subscription with mail: Exchange Online says so."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(name))
    if said.signature == "ATTR5":
        because = f"{whose} has, by Exchange Online's token ATTR5, no active subscription with mail."
        return Finding(Belief.LIKELY, because, (said,), _steps(name))
    because = f"Exchange Online could not look {whose[0].lower()}{whose[1:]} up; an expired subscription is one reason."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=0.8)


def _steps(name: str) -> tuple[Step, ...]:
    whose = f"of {name}" if name else "of the recipient's organization"
    return (
        advise(
            f"Administrators {whose}: reactivate a subscription with Exchange Online in the Microsoft 365 admin center, "
            "Billing, Your products. Mail that is still waiting then arrives by itself."
        ),
        advise(
            "Senders: nothing to change; reach the recipient by other means, and don't send again until it is mended."
        ),
    )
