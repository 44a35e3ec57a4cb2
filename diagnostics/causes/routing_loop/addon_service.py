"""A signature, archive or filter service sends messages round.

## What is happening
A rule or connector sends mail through an outside service, which hands it back. If the message that comes back
meets the same rule again, because its marker header is missing or the rule has no exception for it, it goes out
once more, until too many hops are counted.

## What proves it
- a third host, which belongs to neither organization, stands in the Received headers again and again
- the rule that routes to it has no exception for what has come back

## Not this when
- only the organization's two own sides alternate (`routing-loop.connector.mx-points-back`)
- each rule that routes by a connector excepts what comes back, by a header or by the service's addresses

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-connectors-to-configure-mail-flow/conditional-mail-routing
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.routing_loop.circle import (
    EXO,
    LOOPED,
    circles,
    domain,
    outbound_connectors,
    read_the_way,
    recipient,
    way,
)
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Headers, Hops, Told
from diagnostics.report import Step

SERVICES: Final = (
    "exclaimer", "codetwo", "crossware", "letsignit", "rocketseed", "opensense", "mimecast", "pphosted", "proofpoint",
    "barracuda", "hornetsecurity", "sophos", "messagelabs", "smarsh", "iphmx", "trendmicro", "mailstore",
)  # fmt: skip
_EXCEPTIONS: Final = (
    "ExceptIfHeaderMatchesMessageHeader",
    "ExceptIfHeaderContainsMessageHeader",
    "ExceptIfSenderIpRanges",
)
_MARKERS: Final = (
    "x-exclaimerhostedsignatures",
    "x-codetwo",
    "x-crossware",
    "x-cwe",
    "x-mimecast",
    "x-letsignit",
    "x-opensense",
)


_STAMPED: Final = (
    "Messages come late or never, and with several signatures or disclaimers, as you tell it: the service that adds one gets "
    "them again and again, as what comes back from it matches the rule that sent it there."
)


@cause(id="routing-loop.addon-service", act="exchange-online", says=(*LOOPED, "agent generated message depth exceeded"))
def assess(
    anchor: Said | Hops | Told,
    _hops: Hops | None,
    hops: tuple[Hops, ...],
    headers: tuple[Headers, ...],
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The host in the circle decides; a marker or a routing rule alone is a hint."""
    if isinstance(anchor, Told):
        return told_as("stamped-again-and-again", anchor, _STAMPED, _steps(None), weight=1.5)
    if not circles(anchor):
        return None
    circle = way(hops)
    name = domain(recipient(anchor, replies))
    service = third(circle, name) if circle else ""
    rule = next((each for each in _routing(objects) if not _excepts(each)), None)
    if service:
        because = (
            f"{service} got the message again and again: a service in between returns it, and it is sent there anew."
        )
        belief = Belief.LIKELY if any(each in service for each in SERVICES) or rule else Belief.POSSIBLE
        return Finding(belief, because, (circle, rule, anchor), _steps(rule), weight=1.5)
    if circle:
        return _between(anchor, circle, headers) if not name else None
    told = next((each for each in objects if each.kind == "addon-service"), None)
    if told:
        because = (
            f"Mail passes a service and comes back ({told.name}): what returns is sent there anew, unless the rule "
        )
        because += "that sends it excepts what has been there."
        return Finding(
            Belief.LIKELY if rule else Belief.POSSIBLE, because, (anchor, told, rule), _steps(rule), weight=2.2
        )
    shared = next((each for each in objects if each.kind == "filter-on-both-sides"), None)
    return _shared(anchor, shared) if shared and not rule else _hinted(anchor, rule, headers)


@shown
def rules(objects: tuple[Configured, ...]) -> Finding | None:
    """The rules that send mail to a service, and whether each of them excepts what comes back."""
    routing = _routing(objects)
    bare = next((each for each in routing if not _excepts(each)), None)
    if bare is None:
        because = f"The rule {routing[0].name} excepts what has been at the service." if routing else ""
        return Finding(Belief.RULED_OUT, because, tuple(routing[:3])) if routing else None
    if not any(bare.told(name) for name in _EXCEPTIONS):
        return None
    because = (
        f"The rule {bare.name} sends mail by {bare.get('RouteMessageOutboundConnector')} and has no exception for what "
    )
    because += "comes back: it is sent there anew."
    return Finding(Belief.LIKELY, because, (bare,), _steps(bare), weight=1.5)


def _routing(objects: Iterable[Configured]) -> list[Configured]:
    """The rules that send mail by a connector, without those that are switched off."""
    sending = (o for o in objects if o.kind == "transport-rule" and o.get("RouteMessageOutboundConnector"))
    return [each for each in sending if each.get("State").lower() != "disabled"]


def _excepts(rule: Configured) -> bool:
    return any(rule.get(name).strip("{} ") for name in _EXCEPTIONS)


def _shared(anchor: Said | Hops, shared: Configured) -> Finding:
    """What leaves one tenant for the filter and reaches the other from it looks the same to a connector that was made for one."""
    because = f"Both sides have the same filter in front ({shared.name}), as you tell: a connector or rule that its set-up made "
    because += "takes what comes from the filter for its own tenant's mail that goes out, and sends it back there."
    return Finding(Belief.POSSIBLE, because, (anchor, shared), (outbound_connectors(), *_steps(None)), weight=1.4)


def _between(anchor: Said | Hops, circle: Hops, headers: Iterable[Headers]) -> Finding | None:
    """A circle through a host outside Microsoft's, where the recipient's own domain isn't known."""
    host = next((each for each in circle.loops if not each.endswith("outlook.com") and "." in each), "")
    if not host:
        return None
    marked = _marked(headers)
    if marked:
        because = f"{host} got the message again and again, and it bears that service's mark: what it returns is sent there anew."
        return Finding(Belief.LIKELY, because, (circle, marked, anchor), _steps(None), weight=1.5)
    because = (
        f"{host} got the message again and again: if it is a service's and not your own, its rule lacks an exception."
    )
    return Finding(Belief.POSSIBLE, because, (circle, anchor), _steps(None), weight=0.7)


def _marked(headers: Iterable[Headers]) -> Headers | None:
    return next((h for h in headers if any(key.lower().startswith(_MARKERS) for key, _ in h.values)), None)


def _hinted(anchor: Said | Hops, rule: Configured | None, headers: Iterable[Headers]) -> Finding:
    """A marker or a routing rule without the way of the message, or not even that."""
    marked = _marked(headers)
    if marked or rule:
        what = (
            f"The rule {rule.name} sends mail to a service"
            if rule
            else "The message carries the mark of an add-on service"
        )
        because = f"{what}; if what comes back matches again, it circles."
        return Finding(Belief.POSSIBLE, because, (anchor, rule, marked), _steps(rule), weight=1.5)
    because = "If a signature, archive or filter service is in the way, its rule may catch the returned message again."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(None), weight=0.7)


def third(circle: Hops, name: str) -> str:
    """The looping host that is neither Microsoft's nor one of the recipient's own domain."""
    hosts: Iterable[str] = (*circle.loops, *(hop.sender for hop in circle.hops if hop.by in circle.loops))
    for host in hosts:
        known = any(each in host for each in SERVICES)
        own = host.endswith("outlook.com") or _related(host, name)
        outside = "." in host and bool(name) and not own
        if known or (outside and not host.endswith((".local", ".lan", ".corp"))):
            return host
    return ""


def _related(host: str, name: str) -> bool:
    """Whether the host is named within the mail domain, or within the domain above it."""
    site = host.partition(".")[2]
    return f".{host}".endswith(f".{name}") or ("." in site and f".{name}".endswith(f".{site}"))


def _steps(rule: Configured | None) -> tuple[Step, ...]:
    return (
        read_the_way(),
        look(
            "See which rules route mail by a connector, and their exceptions.",
            "Get-TransportRule | Where-Object RouteMessageOutboundConnector | Format-List "
            "Name,State,Priority,RouteMessageOutboundConnector,ExceptIfHeaderMatchesMessageHeader,ExceptIfHeaderMatchesPatterns,"
            "ExceptIfHeaderContainsMessageHeader,ExceptIfHeaderContainsWords,ExceptIfSenderIpRanges",
            EXO,
        ),
        change(
            "Except what has been there already: the service's documentation names the header it adds.",
            "Set-TransportRule {rule} -ExceptIfHeaderMatchesMessageHeader {header} -ExceptIfHeaderMatchesPatterns '.' "
            "-StopRuleProcessing $true",
            shell=EXO,
            changes="Messages with that header no longer match the rule.",
            undo="Set-TransportRule with the former exception, which Get-TransportRule printed.",
            verify="A message passes the service once in its Received headers.",
            rule=rule.name if rule else "",
            header="",
        ),
    )
