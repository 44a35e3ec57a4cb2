"""The mail service itself has an incident: Exchange Online, or the provider of the recipients.

## What is happening
A fault or maintenance at the provider delays mail, leaves it in the Outbox, or refuses it, for many organizations at once.
Microsoft lists its own under an id that begins with EX or MO (EX196121) in the admin center, below Health, Service health.
While a provider is at fault, its answers can be wrong: in December 2020 Gmail refused mailboxes that exist as unknown (550
5.1.1). In announced maintenance, Exchange Online delays bulk mail on purpose (`432 4.3.21`), for up to a day. Nothing on one's
own side mends it.

## What proves it
- Service health, or the provider's status page, lists an incident that is open, of this service, and of that time
- other organizations see the same, and nothing was changed on one's own side

## Not this when
- Service health shows nothing, and one domain, one user or one connector is concerned
- the incident was of another service, or is over, and mail that is sent now still fails

## References
- https://learn.microsoft.com/en-us/microsoft-365/enterprise/view-service-health
- https://learn.microsoft.com/en-us/graph/api/resources/servicehealthissue
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.stories import told_as
from diagnostics.facts import Said
from diagnostics.mail_facts import Told
from diagnostics.report import Step

DELAYED: Final = "432 4.3.21"  # Exchange Online's, of bulk mail in announced maintenance


@cause(id="transport-service.provider.incident", act="microsoft", says=(DELAYED,))
def assess(anchor: Said | Told) -> Finding | None:
    """A number that only announced maintenance gives, or an incident that a person names beside what befell mail."""
    if isinstance(anchor, Told):
        because = "An incident of the mail service is told of: if it is open, and of this service, it explains what you see, and "
        because += "nothing on your side mends it."
        return told_as("incident-of-the-service", anchor, because, _steps(), weight=1.9)
    because = "Exchange Online delays bulk mail on purpose while its mailbox servers are busy with announced maintenance; it is "
    because += "delivered by itself, within a day."
    return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.4)


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "Read Service health in the Microsoft 365 admin center (status.cloud.microsoft, where nobody can sign in); for other "
            "providers their status page. The entry says who is concerned, since when, and when the next news is due."
        ),
        look(
            "See whether messages of that time are waiting, or arrived late.",
            "Get-MessageTraceV2 -ResultSize 100 | Format-Table Received,SenderAddress,RecipientAddress,Status",
            EXO,
        ),
        advise(
            "Change no connector, record or rule meanwhile. What waits is delivered by itself. When it is over, send again what "
            "was refused, and take addresses that were refused as unknown off suppression lists."
        ),
    )
