"""Centralized mail transport is on, but no connector to the on-premises servers fits the mail.

## What is happening
With RouteAllMessagesViaOnPremises, Exchange Online sends its Internet mail through the on-premises servers. If
the connector for that is missing, disabled, or limited to the accepted domains, the mail to other domains finds
no way out and circles.

## What proves it
- a connector has RouteAllMessagesViaOnPremises True, but its RecipientDomains is not `*`, AllAcceptedDomains is True, or it is
  disabled
- only mail from cloud mailboxes to the Internet loops

## Not this when
- RouteAllMessagesViaOnPremises is False on every connector, or True on an enabled one whose RecipientDomains is `*`
- the recipient is in one of the organization's own domains

## References
- https://learn.microsoft.com/en-us/exchange/transport-routing
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, shown
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
    found = _off(objects) or _unfit(objects, anchor)
    if found:
        return found
    central = next(iter(_central(objects)), None)
    if central is None:
        because = (
            "With centralized mail transport, a connector that is missing or limited to some domains makes mail circle."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=0.9)
    if not (central.told("AllAcceptedDomains") or central.told("RecipientDomains")):
        because = f"{central.name or 'A connector'} carries centralized transport ({_FLAG} True), and what domains it is for was "
        because += "not sent: limited to some, it lets the others circle."
        return Finding(Belief.POSSIBLE, because, (central, anchor), _steps(central.name), weight=2.0)
    return None


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """One enabled connector for all domains that carries centralized transport is enough."""
    fit = next((each for each in _central(objects) if _is_fit(each)), None)
    if fit:
        because = f"{fit.name or 'The connector'} carries centralized transport ({_FLAG} True) for all domains, and is enabled."
        return Finding(Belief.RULED_OUT, because, (fit,))
    return _off(objects) or _unfit(objects)


def _told(objects: Iterable[Configured]) -> list[Configured]:
    return [each for each in objects if each.kind == "outbound-connector" and each.flag(_FLAG) is not None]


def _central(objects: Iterable[Configured]) -> list[Configured]:
    return [each for each in _told(objects) if each.flag(_FLAG)]


def _is_fit(connector: Configured) -> bool:
    return "*" in connector.items("RecipientDomains") and not _limited(connector) and bool(connector.flag("Enabled"))


def _limited(connector: Configured) -> bool:
    written = connector.items("RecipientDomains")
    return bool(connector.flag("AllAcceptedDomains")) or (bool(written) and "*" not in written)


def _off(objects: Iterable[Configured]) -> Finding | None:
    """Connectors of which none carries centralized transport."""
    told = _told(objects)
    if not told or any(each.flag(_FLAG) for each in told):
        return None
    because = f"{_FLAG} is False on the connector(s) that were sent: centralized transport is off."
    return Finding(Belief.RULED_OUT, because, tuple(told[:2]))


def _unfit(objects: Iterable[Configured], anchor: Said | Hops | None = None) -> Finding | None:
    """The connector of centralized transport, where none is fit: it is limited to some domains, or switched off."""
    central = _central(objects)
    if not central or any(map(_is_fit, central)):
        return None
    first = central[0]
    what = f"{first.name or 'A connector'} carries centralized transport"
    if _limited(first):
        because = f"{what} ({_FLAG} True), but only for {_scope(first)}."
    elif first.flag("Enabled") is False:
        because = f"{what}, but is disabled."
    else:
        return None
    return Finding(Belief.LIKELY, because, (first, anchor), _steps(first.name), weight=1.3)


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
