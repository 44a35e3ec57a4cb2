"""Centralized mail transport is on, but no connector to the on-premises servers fits the mail.

## What is happening
With RouteAllMessagesViaOnPremises, Exchange Online sends its Internet mail through the on-premises servers. If
the connector for that is missing, disabled, or limited to the accepted domains, the mail to other domains finds
no way out and circles.

## What proves it
- a connector has RouteAllMessagesViaOnPremises True, but its RecipientDomains is not `*`, or AllAcceptedDomains is True
- only mail from cloud mailboxes to the Internet loops

## Not this when
- RouteAllMessagesViaOnPremises is False on every connector
- the recipient is in one of the organization's own domains

## References
- https://learn.microsoft.com/en-us/exchange/transport-routing
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.routing_loop.circle import (
    EXO,
    LOOPED,
    accepted,
    circles,
    domain,
    outbound_connectors,
    read_the_way,
    recipient,
)
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Hops
from diagnostics.report import Step

_FLAG = "RouteAllMessagesViaOnPremises"


@cause(id="routing-loop.cmt.connector-missing-or-scoped", act="exchange-online", says=LOOPED)
def assess(
    anchor: Said | Hops,
    _connector: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The flag and the scope of its connector decide."""
    if not circles(anchor):
        return None
    own = accepted(domain(recipient(anchor, replies)), objects)
    if own:
        because = f"The recipient is in {own[0].name}, a domain of the organization, not on the Internet."
        return Finding(Belief.RULED_OUT, because, (own[0],))
    connectors = [each for each in objects if each.kind == "outbound-connector" and each.flag(_FLAG) is not None]
    central = next((each for each in connectors if each.flag(_FLAG)), None)
    if connectors and not central:
        because = f"{_FLAG} is False on the connector(s) that were sent: centralized transport is off."
        return Finding(Belief.RULED_OUT, because, tuple(connectors[:2]))
    if central is None:
        because = (
            "With centralized mail transport, a connector that is missing or limited to some domains makes mail circle."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=0.9)
    if central.flag("AllAcceptedDomains") or (
        central.items("RecipientDomains") and "*" not in central.items("RecipientDomains")
    ):
        because = f"{central.name} carries centralized transport ({_FLAG} True), but only for {_scope(central)}."
        return Finding(Belief.LIKELY, because, (central, anchor), _steps(central.name), weight=1.3)
    if central.flag("Enabled") is False:
        because = f"{central.name} carries centralized transport, but is disabled."
        return Finding(Belief.LIKELY, because, (central, anchor), _steps(central.name), weight=1.3)
    if not (central.told("AllAcceptedDomains") or central.told("RecipientDomains")):
        because = f"{central.name or 'A connector'} carries centralized transport ({_FLAG} True), and what domains it is for was "
        because += "not sent: limited to some, it lets the others circle."
        return Finding(Belief.POSSIBLE, because, (central, anchor), _steps(central.name), weight=2.0)
    return None


def _scope(connector: Configured) -> str:
    if connector.flag("AllAcceptedDomains"):
        return "the accepted domains"
    return ", ".join(connector.items("RecipientDomains")[:3])


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        read_the_way(),
        outbound_connectors(),
        change(
            "If Internet mail has to leave through the on-premises servers, let the connector take all domains.",
            "Set-OutboundConnector {connector} -AllAcceptedDomains $false -RecipientDomains '*' "
            "-RouteAllMessagesViaOnPremises $true -Enabled $true",
            shell=EXO,
            changes="All outbound mail of the tenant goes to the on-premises servers.",
            undo="Set-OutboundConnector with the former values, which Get-OutboundConnector printed.",
            verify="A message to the Internet has the on-premises servers in its Received headers, once.",
            connector=connector,
        ),
        change(
            "If nobody needs that detour, switch it off.",
            "Set-OutboundConnector {connector} -RouteAllMessagesViaOnPremises $false",
            shell=EXO,
            changes="Exchange Online delivers Internet mail itself.",
            undo="The same with $true.",
            verify="A message to the Internet leaves Exchange Online directly.",
            connector=connector,
        ),
    )
