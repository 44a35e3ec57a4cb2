"""A connector sends the domain to its MX, and the MX leads back to the sender.

## What is happening
Mail that Exchange Online should hand to the on-premises servers goes over a connector that looks up the
domain's MX record. The MX points at Exchange Online, so the message comes back, and goes out again, until too
many hops are counted. The same happens on-premises with a Send connector for the shared domain that uses DNS.

## What proves it
- the outbound connector for the domain has UseMXRecord True (or the Send connector has no smart host), and the MX leads to the
  same side
- the Received headers alternate between the same two systems

## Not this when
- the connector has a smart host, and that is the hybrid server
- only recipients that exist nowhere loop (`routing-loop.accepted-domain.no-exit`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.routing_loop.circle import (
    EXO,
    LOOPED,
    between,
    circles,
    domain,
    named,
    outbound_connectors,
    read_the_way,
    recipient,
    way,
)
from diagnostics.facts import Fact, Reply, Said, SendConnector
from diagnostics.mail_facts import Configured, Hops
from diagnostics.report import Step


@cause(
    id="routing-loop.connector.mx-points-back",
    act="exchange-online",
    says=LOOPED,
    against={
        "SMTPSEND.DNS.MxLoopback": "stops the message before it leaves; one that a connector brings back ends with a hop count",
    },
)
def assess(
    anchor: Said | Hops | SendConnector,
    _hops: Hops | None,
    _connector: Configured | None,
    hops: tuple[Hops, ...],
    objects: tuple[Configured, ...],
    senders: tuple[SendConnector, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The connector that carries the domain decides."""
    if isinstance(anchor, SendConnector):
        return _handed_over(anchor, replies)
    if not circles(anchor):
        return None
    name = domain(recipient(anchor, replies))
    circle = way(hops)
    carrying = [each for each in objects if each.kind == "outbound-connector" and _carries(each, name)]
    by_mx = next((each for each in carrying if each.flag("UseMXRecord")), None)
    if by_mx:
        return _by_record(by_mx, name, Belief.CONFIRMED if circle else Belief.LIKELY, (by_mx, anchor, circle))
    by_dns = next((each for each in senders if _spaces(each, name) and not each.smart_hosts), None)
    if by_dns:
        because = f"The Send connector {by_dns.connector} sends {named(name, 'its domains')} by DNS; "
        because += "if the MX leads here, the mail returns."
        return Finding(
            Belief.LIKELY, because, (by_dns, anchor, circle), _send_steps(by_dns.connector), "on-prem", weight=1.3
        )
    if not carrying and isinstance(anchor, Said) and _among_own_servers(anchor, hops, replies):
        because = f"Mail to {named(name, 'this domain')} circles, and {anchor.by} counted it out; "
        because += "a Send connector that follows an MX record back to the sender does that."
        return Finding(Belief.POSSIBLE, because, (anchor, circle), _send_steps(""), "on-prem", weight=0.98)
    return _without_proof(anchor, carrying, circle, name)


@shown
def connectors(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The outbound connectors that carry the domain, or any of the organization's own."""
    name = domain(next((each.recipient for each in replies if "@" in each.recipient), ""))
    carrying = [each for each in objects if each.kind == "outbound-connector" and _carries(each, name)]
    by_mx = next((each for each in carrying if each.flag("UseMXRecord")), None)
    if by_mx:
        return _by_record(by_mx, name, Belief.LIKELY, (by_mx,))
    return _to_host(carrying)


def _by_record(connector: Configured, name: str, belief: Belief, evidence: tuple[Fact | None, ...]) -> Finding:
    because = f"The outbound connector {connector.name} sends {_domains(connector)} to its MX record, which leads back."
    return Finding(belief, because, evidence, _steps(connector.name, name), weight=1.3)


def _to_host(carrying: Sequence[Configured]) -> Finding | None:
    hosted = next((each for each in carrying if each.items("SmartHosts")), None)
    if hosted is None:
        return None
    because = f"The connector {hosted.name} sends to {hosted.items('SmartHosts')[0]}, not to the MX record."
    return Finding(Belief.RULED_OUT, because, (hosted,))


def _handed_over(connector: SendConnector, replies: tuple[Reply, ...]) -> Finding | None:
    """A routing address was refused where it came back; what goes to a smart host follows no MX record."""
    back = next((r for r in replies if r.failing and "unable to relay" in r.whole.lower()), None)
    if back is None or not connector.smart_hosts or not back.recipient.lower().endswith(".mail.onmicrosoft.com"):
        return None
    because = (
        f"`{connector.connector}` hands `{back.recipient}` to {connector.smart_hosts[0]}: no MX record is followed."
    )
    return Finding(Belief.RULED_OUT, because, (connector, back))


def _among_own_servers(said: Said, hops: tuple[Hops, ...], replies: tuple[Reply, ...]) -> bool:
    """Whether a server of somebody's own ended the circle, and nothing that was sent names Exchange Online."""
    texts = [f"{each.by} {each.whole} {each.recipient}" for each in replies]
    hosts = [host for each in hops for hop in each.hops for host in (hop.sender, hop.by)]
    online = any("outlook.com" in text.lower() or "onmicrosoft.com" in text.lower() for text in (*texts, *hosts))
    return bool(said.by) and "5.4.6" in said.text and not online


def _without_proof(anchor: Said | Hops, carrying: list[Configured], circle: Hops | None, name: str) -> Finding:
    """No connector that follows an MX record was sent."""
    hosted = _to_host(carrying)
    if hosted:
        return hosted
    seen = (
        f"The message circles between {between(circle)}" if circle else f"Mail to {named(name, 'this domain')} circles"
    )
    because = f"{seen}; a connector that follows an MX record back to the sender does that."
    return Finding(Belief.POSSIBLE, because, (anchor, circle), _steps("", name), weight=0.98)


def _carries(connector: Configured, name: str) -> bool:
    """Whether an outbound connector is meant for the domain; any of the organization's own where none is named."""
    if connector.flag("Enabled") is False:
        return False
    written = [each.lower() for each in connector.items("RecipientDomains")]
    if not name:
        if connector.told("ConnectorType"):
            return connector.get("ConnectorType").lower() == "onpremises"
        return "*" not in written
    return name in written or any(w.startswith("*.") and name.endswith(w[1:]) for w in written)


def _domains(connector: Configured) -> str:
    return ", ".join(connector.items("RecipientDomains")[:3]) or "its domains"


def _spaces(connector: SendConnector, name: str) -> bool:
    """Whether a Send connector is meant for the domain; for any domain in particular where none is named."""
    spaces = [each.lower().removeprefix("smtp:").partition(";")[0] for each in connector.address_spaces]
    return name in spaces if name else bool(spaces) and "*" not in spaces and "--" not in spaces


def _steps(connector: str, name: str) -> tuple[Step, ...]:
    return (
        read_the_way(),
        outbound_connectors(),
        look("See where the MX leads.", "Resolve-DnsName {domain} -Type MX", "powershell", domain=name),
        change(
            "If the mailboxes are on-premises, let the connector send to the hybrid server instead of the MX.",
            "Set-OutboundConnector {connector} -UseMXRecord $false -SmartHosts {smart_host}",
            shell=EXO,
            changes="The connector sends to that server alone.",
            undo="Set-OutboundConnector with -UseMXRecord $true -SmartHosts $null.",
            verify="Validate-OutboundConnector succeeds, and a test message arrives after a few hops.",
            connector=connector,
            smart_host="",
        ),
    )


def _send_steps(connector: str) -> tuple[Step, ...]:
    return (
        read_the_way(),
        look(
            "See where the Send connectors lead.",
            "Get-SendConnector | Format-List Name,Enabled,AddressSpaces,DNSRoutingEnabled,SmartHosts",
        ),
        change(
            "Give the connector the server that holds the mailboxes as its smart host.",
            "Set-SendConnector {connector} -DNSRoutingEnabled $false -SmartHosts {smart_host}",
            changes="The connector sends to that host instead of the MX.",
            undo="Set-SendConnector with -DNSRoutingEnabled $true.",
            verify="A test message arrives after a few hops.",
            connector=connector,
            smart_host="",
        ),
    )
