"""The whole tenant has used up the outside recipients it may address in a day.

## What is happening
Exchange Online limits how many external recipients a tenant may address in 24 hours, by the number of its
licences (and low for trials). The sum of all senders has reached it, so each user's mail to the outside is
refused with `550 5.7.233`, or `550 5.7.232` in a trial tenant. One bulk sender is mostly enough. Mail inside
and from outside still works.

## What proves it
- the text; the report Tenant Outbound External Recipients in the Exchange admin center is at 100 %

## Not this when
- only one sender fails (`quota-throttle.sender.recipient-rate-limit`)
- `5.7.705`: blocked for spam (`quota-throttle.tenant.threshold-exceeded`)
- `5.7.236`: senders of the initial domain (`quota-throttle.tenant.onmicrosoft-domain`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.quota_throttle.traffic import top_senders
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Told
from diagnostics.report import Step


@cause(
    id="quota-throttle.tenant.external-recipient-rate",
    act="exchange-online",
    says=("5.7.233", "5.7.232", "tenant external recipient rate limit"),
    against={
        "5.7.236": "is the limit for senders in an onmicrosoft.com domain",
    },
)
def assess(said: Said | Told) -> Finding | None:
    """Two numbers that mean nothing else."""
    if isinstance(said, Told):
        return _told(said)
    trial = has(said, "5.7.232", "trial tenant")
    which = "a trial tenant" if trial else "its licences"
    because = (
        f"All senders of the tenant together have reached the limit of external recipients in 24 hours for {which}"
    )
    because += ": mail to the outside is refused for everybody until older messages leave the count."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(trial))


def _told(told: Told) -> Finding | None:
    """A count of 24 hours that stops everybody, and toward the outside only."""
    if told.story != "everybody-until-the-next-day":
        return None
    because = (
        "Whoever writes to the outside is refused until the next day, as you tell it, and inside all goes on: so it is "
    )
    because += "when a tenant has reached its number of external recipients in 24 hours."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(trial=False), weight=1.4)


def _steps(trial: bool) -> tuple[Step, ...]:
    more = "Buy licences: a paid tenant has a higher limit." if trial else "More licences raise the limit."
    return (
        advise("In the Exchange admin center, open Reports, Mail flow, Tenant Outbound External Recipients."),
        top_senders(),
        advise(
            "Stop the bulk sender, and make sure it is yours and no stolen account; then wait for the 24 hours to roll on."
        ),
        advise(f"For regular bulk mail use a service made for it (Azure Communication Services Email). {more}"),
    )
