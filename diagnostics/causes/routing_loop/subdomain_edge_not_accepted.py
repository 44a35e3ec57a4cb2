"""Mail to a subdomain circles between Edge Transport and Exchange Online Protection.

## What is happening
The Edge server knows the organization's domain but not the subdomain of an application. It takes such a
recipient for an outside one and sends it to the Internet, where the MX leads to Exchange Online Protection,
which hands it back to the Edge server.

## What proves it
- the recipient's domain is a subdomain that `Get-AcceptedDomain` doesn't list
- the Received headers alternate between the Edge server and protection.outlook.com

## Not this when
- no Edge Transport server is in the way
- the subdomain is an accepted domain, or the domain has MatchSubDomains

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/hop-count-exceeded-possible-mail-loop
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.auth_smtp.logon import told_edge
from diagnostics.causes.routing_loop.circle import LOOPED, accepted, circles, domain, read_the_way, recipient
from diagnostics.facts import Fact, Reply, Said, SendConnector
from diagnostics.mail_facts import Configured, Hops, Tracked
from diagnostics.report import Step

_EDGE = "edgesync - inbound to"


@cause(id="routing-loop.subdomain.edge-not-accepted", act="on-prem", says=(*LOOPED, "EdgeSync - Inbound to"))
def assess(
    anchor: Said | Hops,
    _hops: Hops | None,
    hops: tuple[Hops, ...],
    objects: tuple[Configured, ...],
    facts: tuple[SendConnector, ...],
    tracked: tuple[Tracked, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Three things must meet: a subdomain, an Edge server, and a list of accepted domains without it."""
    if not circles(anchor):
        return None
    name = domain(recipient(anchor, replies))
    told = told_edge(objects)
    if told and not name:
        because = "Mail circles, and an Edge server is in the way, as you say: what goes to a subdomain that it doesn't list as "
        because += "accepted it sends back out, to where the MX leads."
        return Finding(Belief.POSSIBLE, because, (anchor, told), _steps(""), weight=1.9)
    if name.count(".") < 2 or name.endswith(".onmicrosoft.com"):
        return None
    parent = name.partition(".")[2]
    mine = accepted(name, objects)
    above = accepted(parent, objects)
    if mine or any(each.flag("MatchSubDomains") for each in above):
        because = f"`{name}` is covered by the accepted domain {(mine or above)[0].name}."
        return Finding(Belief.RULED_OUT, because, ((mine or above)[0],))
    edge = _edge(anchor, hops, facts, tracked) or told
    if edge and above:
        because = f"`{parent}` is an accepted domain but `{name}` is not, so the Edge server sends its mail back out."
        return Finding(Belief.LIKELY, because, (above[0], edge, anchor), _steps(name), weight=1.3)
    if edge:
        because = f"`{name}` is a subdomain, and an Edge server is in the way: it may not know that domain as its own."
        return Finding(Belief.POSSIBLE, because, (anchor, edge), _steps(name), weight=1.4)
    because = f"`{name}` is a subdomain; if an Edge server is in the way and does not list it, its mail circles."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(name), weight=0.7)


def _edge(
    anchor: Said | Hops, hops: Iterable[Hops], connectors: Iterable[SendConnector], tracked: Iterable[Tracked]
) -> Fact | None:
    """What shows that an Edge Transport server takes part."""
    for way in hops:
        if any("edge" in hop.by.partition(".")[0] or "edge" in hop.sender.partition(".")[0] for hop in way.hops):
            return way
    if isinstance(anchor, Said) and _EDGE in anchor.text.lower():
        return anchor
    named: tuple[SendConnector | Tracked, ...] = (*connectors, *tracked)
    return next((each for each in named if each.connector.lower().startswith(_EDGE)), None)


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See which domains the organization accepts.",
            "Get-AcceptedDomain | Format-Table DomainName,DomainType,MatchSubDomains",
        ),
        read_the_way(),
        change(
            "Accept the subdomain; Internal Relay, if the application's own server holds its mailboxes.",
            "New-AcceptedDomain -Name {domain} -DomainName {domain} -DomainType InternalRelay",
            changes="Exchange takes mail for the subdomain as its own and sends it on by the connector for it.",
            undo="Remove-AcceptedDomain with the same name.",
            verify="Get-AcceptedDomain lists it.",
            domain=name,
        ),
        change(
            "Bring it to the Edge servers now.",
            "Start-EdgeSynchronization",
            changes="The subscribed Edge servers get the list of accepted domains.",
            undo="None needed: it is the regular synchronization, started by hand.",
            verify="Test-EdgeSynchronization says Normal, and a message to the subdomain arrives.",
        ),
    )
