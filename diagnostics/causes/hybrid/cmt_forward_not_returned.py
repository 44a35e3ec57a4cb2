"""With centralized mail transport, a message from on-premises that the cloud forwards leaves directly; that is by design.

## What is happening
RouteAllMessagesViaOnPremises sends what people in the cloud write to outsiders through the servers on-premises. A
message that came from there, and that a mailbox in the cloud forwards to an outsider, counts as coming from
on-premises: sending it back could make a loop, so it leaves from Exchange Online directly.

## What proves it
- an outbound connector of the tenant has RouteAllMessagesViaOnPremises True
- the first writer is on-premises, the mailbox in the cloud forwards, and the last hop to the outside is Exchange
  Online's

## Not this when
- no enabled outbound connector has RouteAllMessagesViaOnPremises True: then transport isn't centralized
- mail that people in the cloud write leaves directly, too (`routing-loop.cmt.connector-missing-or-scoped`)
- a report says 5.7.520 (`policy.forwarding.external-blocked`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/hybrid-messages-not-routed-through-on-premises
- https://learn.microsoft.com/en-us/exchange/transport-routing
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.connector.settings import OUTBOUND, label, of_kind
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_STORY: Final = "forward-leaves-past-the-premises"
_PROPERTY: Final = "RouteAllMessagesViaOnPremises"


@cause(id="hybrid.cmt.forward-not-returned", act="exchange-online")
def assess(told: Told) -> Finding | None:
    """What is told is the whole of it."""
    because = "A message that came from on-premises is not sent back there when the cloud forwards it, by "
    because += "design, as that could make a loop."
    return told_as(_STORY, told, because, _steps(), weight=2.2)


@shown
def connectors(objects: tuple[Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """Whether mail of the cloud goes over the servers on-premises at all: otherwise all of it leaves directly."""
    told = [each for each in of_kind(OUTBOUND, objects) if each.flag(_PROPERTY) is not None]
    routing = next((each for each in told if each.flag(_PROPERTY) and each.flag("Enabled") is not False), None)
    if routing and not any(each.story == _STORY for each in stories):
        return None
    if routing:
        because = f"{label(routing)} sends what the cloud writes to outsiders over the servers on-premises ({_PROPERTY}), so a "
        because += "forward of mail that came from there is what leaves directly."
        return Finding(Belief.LIKELY, because, (routing,), _steps())
    if not told:
        return None
    because = f"{', '.join(map(label, told[:3]))}: {_PROPERTY} is off or the connector is, so all mail of the cloud "
    because += "leaves directly."
    return Finding(Belief.RULED_OUT, because, tuple(told[:3]))


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
