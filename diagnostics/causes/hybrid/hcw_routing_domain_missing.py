"""The Hybrid Configuration Wizard stops: the tenant has no routing domain, because directory synchronization is off.

## What is happening
Between the premises mail is addressed to the tenant's routing domain, `contoso.mail.onmicrosoft.com`. The tenant gets it when
directory synchronization is switched on. A tenant that was never synchronized has none, and the wizard ends with `Unable to
determine the routing domain for the cloud organization`. Without that domain no mail can be routed to mailboxes in the cloud.

## What proves it
- that sentence; `Get-AcceptedDomain` of the tenant lists no domain in `.mail.onmicrosoft.com`

## Not this when
- the tenant lists such a domain
- the domain is there, and single mailboxes lack an address in it (`hybrid.remote-routing-address.missing`)
- the message names a domain of yours (`recipient.accepted-domain.missing`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/unable-to-determine-the-routing-domain-for-the-cloud-org
- https://learn.microsoft.com/en-us/exchange/hybrid-deployment-prerequisites
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.hybrid.wizard import message_of, run_again
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step
from diagnostics.text import is_cut

_ID: Final = "hybrid.hcw.routing-domain-missing"
_ROUTING: Final = ".mail.onmicrosoft.com"


@cause(id=_ID, act="exchange-online", says=("Unable to determine the routing domain for the cloud organization",))
def assess(said: CommandError | Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The sentence, and the tenant's domains where they were listed."""
    if message_of(_ID, said) is None:
        return None
    seen = domains(objects)
    if seen:
        belief = Belief.CONFIRMED if seen.belief else seen.belief
        return replace(seen, belief=belief, evidence=(said, *seen.evidence))
    because = "The tenant has no domain in mail.onmicrosoft.com yet: it comes with directory synchronization."
    return Finding(Belief.LIKELY, because, (said,), _steps())


@shown
def domains(objects: tuple[Configured, ...]) -> Finding | None:
    """The tenant's domains, which are known by its own one; a name that a table cut off may be the routing domain."""
    listed = [each for each in objects if each.kind == "accepted-domain"]
    routing = next((each for each in listed if _name(each).endswith(_ROUTING)), None)
    if routing:
        because = f"The tenant lists {_name(routing)}, which is its routing domain."
        return Finding(Belief.RULED_OUT, because, (routing,))
    if not any(_name(each).endswith(".onmicrosoft.com") for each in listed):
        return None
    if any(is_cut(_name(each)) for each in listed):
        return None
    because = "None of the tenant's domains that were listed is in mail.onmicrosoft.com, so mail can't be routed to it."
    return Finding(
        Belief.LIKELY, because, (listed[0],), _steps()
    )  # nor has a tenant without a hybrid, where it is right


def _name(domain: Configured) -> str:
    return (domain.get("DomainName") or domain.name).lower()


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the tenant has a routing domain.",
            "Get-AcceptedDomain | Format-List DomainName,DomainType,IsCoexistenceDomain",
            EXO,
        ),
        look("See in the Microsoft 365 admin center whether directory synchronization is on.", "", "portal"),
        change(
            "Switch directory synchronization on, by setting up Microsoft Entra Connect with Exchange hybrid deployment ticked.",
            "",
            shell="portal",
            changes="Users and groups of the directory appear in the tenant, and are changed on-premises from then on.",
            undo="Turning synchronization off takes up to three days, and leaves the objects in the tenant.",
            verify="The first step lists a domain that ends in mail.onmicrosoft.com.",
        ),
        run_again(),
    )
