"""With centralized mail transport, a message from on-premises that the cloud forwards leaves directly; that is by design.

## What is happening
RouteAllMessagesViaOnPremises sends what people in the cloud write to outsiders through the servers on-premises. A
message that came from there, and that a mailbox in the cloud forwards to an outsider, counts as coming from
on-premises: sending it back could make a loop, so it leaves from Exchange Online directly.

## What proves it
- the first writer is on-premises, the mailbox in the cloud forwards, and the last hop to the outside is Exchange
  Online's

## Not this when
- mail that people in the cloud write leaves directly, too (`routing-loop.cmt.connector-missing-or-scoped`)
- a report says 5.7.520 (`policy.forwarding.external-blocked`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/hybrid-messages-not-routed-through-on-premises
- https://learn.microsoft.com/en-us/exchange/transport-routing
"""

from __future__ import annotations

from diagnostics.cause import Finding, cause, look
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Told
from diagnostics.report import Step


@cause(id="hybrid.cmt.forward-not-returned", act="exchange-online")
def assess(told: Told) -> Finding | None:
    """What is told is the whole of it."""
    because = "A message that came from on-premises is not sent back there when the cloud forwards it, by "
    because += "design, as that could make a loop."
    return told_as("forward-leaves-past-the-premises", told, because, _steps(), weight=2.2)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the connector routes everything via on-premises, and make sure that mail "
            "which the cloud writes goes there.",
            "Get-OutboundConnector | Format-List "
            "Name,Enabled,ConnectorType,RecipientDomains,RouteAllMessagesViaOnPremises,SmartHosts",
            EXO,
        ),
        advise(
            "If forwards have to pass the servers on-premises (for journaling or a filter there), let the object on-premises "
            "forward, so that the message doesn't reach the cloud first."
        ),
    )
