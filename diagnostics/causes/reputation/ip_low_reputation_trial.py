"""Exchange Online doesn't let a new or trial tenant send from an address of low reputation.

## What is happening
New and trial tenants share outbound addresses that spammers use and burn. Mail of such a tenant to the
outside ends with `550 5.7.708 Access denied, traffic not accepted from this IP`. SPF, DKIM and the recipient
have nothing to do with it.

## What proves it
- the number, and a tenant that is a trial or some days old

## Not this when
- an established tenant with paid licences: look for a compromise (`quota-throttle.tenant.threshold-exceeded`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-700-through-5-7-750
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Said
from diagnostics.report import Step


@cause(
    id="reputation.ip.low-reputation-trial",
    act="microsoft",
    says=("5.7.708", "traffic not accepted from this IP"),
    against={
        "tenant has exceeded threshold": "restricts the tenant; the address it sends from is not the reason",
    },
)
def assess(said: Said) -> Finding:
    """Only this has the number."""
    because = (
        "Exchange Online refuses the tenant's outgoing mail, because the tenant is new or a trial and its traffic "
    )
    because += "comes from addresses of low reputation."
    sure = has(said, "not accepted from this ip")
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (said,), _steps(), weight=1.0)


def _steps() -> tuple[Step, ...]:
    return (
        look("See how old the tenant is.", "Get-OrganizationConfig | Format-List DisplayName,WhenCreatedUTC", EXO),
        advise(
            "Assign paid licences, or ask Microsoft support for an exception during the trial; only they can grant it."
        ),
        advise("If the tenant is neither new nor a trial, look for compromised accounts before you ask."),
    )
