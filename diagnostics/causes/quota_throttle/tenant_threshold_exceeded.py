"""Exchange Online has blocked the whole tenant's outgoing mail as spam.

## What is happening
Most of what left the tenant looked like spam or bulk mail, so Microsoft stops all of its outgoing mail:
`550 5.7.705 Access denied, tenant has exceeded threshold`. Behind it is mostly a compromised account, a
compromised server on-premises that relays through the tenant, or an inbound connector that an intruder
created. Rarely it strikes right after an expired subscription was renewed.

## What proves it
- the text; every sender fails toward the outside
- the message trace shows senders or volumes that nobody knows

## Not this when
- `5.7.232` or `5.7.233`: only a count was reached (`quota-throttle.tenant.external-recipient-rate`)
- one sender fails with `5.1.8` (`quota-throttle.sender.outbound-policy-restricted`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-700-through-5-7-750
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.quota_throttle.traffic import inbound_connectors, top_senders
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said
from diagnostics.report import Step


@cause(
    id="quota-throttle.tenant.threshold-exceeded",
    act="exchange-online",
    says=("5.7.705", "tenant has exceeded threshold"),
    against={
        "tenant external recipient rate limit": "is the plain limit on outside recipients, without a suspicion of spam",
    },
)
def assess(said: Said) -> Finding:
    """The number is Microsoft's own and survives translation."""
    because = "Exchange Online blocks all outgoing mail of the tenant, because too much spam or bulk mail left it; "
    because += (
        "a compromised account, a relaying server or an unknown inbound connector is the usual source. Stop it first: "
    )
    because += "only then does Microsoft lift the block."
    sure = has(said, "exceeded threshold")
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (said,), _steps(), weight=1.0)


def _steps() -> tuple[Step, ...]:
    return (
        top_senders(),
        inbound_connectors(),
        advise(
            "Stop the source: reset and secure compromised accounts (administrators first), disable connectors that "
            "nobody knows, clean the relaying server."
        ),
        advise(
            "Then open a case with Microsoft support, say what the source was and what was done, and ask them to lift "
            "the block. Only Microsoft can lift it."
        ),
    )
