"""Outbound mail leaves from a different public address than before.

## What is happening
A failover of the line, another address in the NAT pool, or a move gave the servers a new public address.
Connectors, SPF records, reverse DNS and partners' lists still name the old one, so refusals appear whose
wording speaks of relay, SPF or a block list. This is the trigger; what to repair is named by the refusal
itself.

## What proves it
- refusals, or the `Hello` of other servers, name two different addresses of ours
- the address that a web service shows for the server is not the one in SPF and in the connector

## Not this when
- the address is the old one: then it was taken out of the record, the connector or the list
- the addresses are Exchange Online's own: those change by design

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/relay-access-denied-smtp
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-spf-configure
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.reputation.addresses import without_tried
from diagnostics.facts import Reply, Session
from diagnostics.patterns import linear
from diagnostics.report import Step

# How servers name the address that connected to them.
_OURS = linear(
    r"(?i)(?:client host|sending ip|\bip(?: address)?|over ipv6|authenticated from|connection from|client-ip=|hello)"
    r"[ =:]{0,3}[\[(]?((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}:[0-9a-f:]{2,40})[\])]?"
    r"|\b((?:\d{1,3}\.){3}\d{1,3}) (?:is not (?:allowed|permitted|authorized)|as permitted sender|to send)"
)


@cause(id="network.nat.egress-ip-changed", act="network", modifier=True)
def assess(anchor: Reply | Session, replies: tuple[Reply, ...], sessions: tuple[Session, ...]) -> Finding | None:
    """Two addresses of ours in what other servers said to us in one case, of which something failed."""
    failed = [each for each in replies if each.failing]
    if not failed and not any(each.failed for each in sessions):
        return None
    seen: dict[str, Reply | Session] = {}
    heard: list[Reply | Session] = [*failed, *sessions]
    for each in heard:
        for ip in _ours(each):
            seen.setdefault(ip, each)
    if len(seen) < 2 or not _ours(anchor):
        return None
    because = (
        f"Other servers saw several public addresses of ours ({', '.join(list(seen)[:4])}): mail does not always leave "
    )
    because += "from the same one."
    # A trigger stands beside a cause, so it never outweighs one.
    return Finding(Belief.POSSIBLE, because, tuple(seen.values()), _steps(), weight=0.01)


def _ours(heard: Reply | Session) -> list[str]:
    """Our addresses as another server named them: in a refusal, or in its reply to our EHLO."""
    if isinstance(heard, Session):
        found = [heard.seen_as] if heard.direction == "send" else []
    else:
        found = [first or second for first, second in _OURS.findall(without_tried(heard.whole))]
    return [ip for ip in found if kind_of(ip) == "public"]


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "From each sending server, see its public address, and compare it with SPF and the inbound connector.",
            "(Invoke-WebRequest 'https://ifconfig.me/ip' -UseBasicParsing).Content",
            "powershell",
        ),
        look(
            "See which addresses the tenant's inbound connectors expect.",
            "Get-InboundConnector | Format-List Name,SenderIPAddresses,TlsSenderCertificateName",
            "exchange-online-powershell",
        ),
        change(
            "On the firewall, pin the mail servers' outbound port 25 to the registered address.",
            "",
            shell="portal",
            changes="Mail leaves from that one address again.",
            undo="Remove the address translation rule.",
            verify="The first step prints the registered address again, on every mail server.",
        ),
        change(
            "If the new address is meant to stay, add it to the inbound connector (and to SPF and reverse DNS).",
            "Set-InboundConnector {connector} -SenderIPAddresses @{{Add={address}}}",
            shell="exchange-online-powershell",
            changes="Exchange Online attributes mail from this address to the tenant.",
            undo="The same with @{Remove=…}.",
            verify="The next message from this address is accepted.",
            connector="",
            address="",
        ),
    )
