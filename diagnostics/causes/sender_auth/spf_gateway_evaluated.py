"""SPF was checked against a gateway on the way, not against the sender.

## What is happening
The MX leads to a filter or an on-premises server that hands the mail on to Exchange Online. Exchange Online then sees the
gateway's address as the sender, and SPF, DMARC and the composite verdict fail for mail that was authentic when it
came in. Enhanced filtering for connectors (EFSkipLastIP, EFSkipIPs) makes it look one hop further back.

## What proves it
- the sender IP in Authentication-Results is the organization's own gateway, and its inbound connector skips nothing
- that address greeted with a name of the recipient's domain, and mail of quite different senders fails in the same way

## Not this when
- the address is the sender's own server (`sender-auth.spf.missing-source`)
- the connector has EFSkipLastIP True or lists the gateway in EFSkipIPs
- the same header says compauth=pass: then nothing is wrong

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-connectors-to-configure-mail-flow/enhanced-filtering-for-connectors
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/forwarded-message-rejected-5-7-367-ndr
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.connector.turned_away import refusing_many
from diagnostics.causes.dns.exchangers import organization
from diagnostics.causes.network.inbound_source_masked import balancer, is_mask
from diagnostics.causes.network.providers import of_provider
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.policy.said import of_kind
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.sender_auth.records import spf_of
from diagnostics.causes.sender_auth.results import (
    SPF_FAILED,
    aligned,
    detour,
    elsewhere,
    name_of,
    receivers_own,
    refused,
    told_gateway,
)
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Authentication, Configured, Headers, Hop, Hops
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Shell, Step

_INSIDE: Final = (".local", ".lan", ".internal", ".intern", ".corp", ".home")  # names that no organization owns
_TENANT: Final = ".onmicrosoft.com"
_GREETED = linear(r"(?i)\bhelo=([a-z0-9.-]{1,253})")
# Exchange Online names the recipient's domain between its results: `smtp.mailfrom=fabrikam.com; contoso.com; dkim=none`.
_RECIPIENT = linear(r"(?i);\s*([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5})\s*(?:;|$)")


@cause(id="sender-auth.spf.gateway-evaluated", act="exchange-online", says=("is not allowed to send", "SPF"))
def assess(
    results: Authentication | Said,
    others: tuple[Authentication, ...],
    settings: tuple[Configured, ...],
    headers: tuple[Headers, ...],
    ways: tuple[Hops, ...],
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Whose address was judged: the connector that names it, or a private address, tells that it is our own hop."""
    if isinstance(results, Said):
        return _behind_a_filter(results, replies) or _many(results, refusing_many(settings))
    if results.spf not in SPF_FAILED or not refused(results):
        return _told_of(results, settings) if results.spf in SPF_FAILED else None
    ip = results.sender_ip
    connectors = of_kind(settings, "inbound-connector")
    mine = next((c for c in connectors if ip and ip in c.items("SenderIPAddresses")), None)
    skipping = next((c for c in connectors if c.flag("EFSkipLastIP") or (ip and ip in c.items("EFSkipIPs"))), None)
    if skipping and (mine is None or skipping is mine):
        because = f"The inbound connector `{skipping.name}` skips the last hop, so that was not judged."
        return Finding(Belief.RULED_OUT, because, (skipping, results))
    ours = told_gateway(results, settings)
    if ours and not mine:
        because = (
            f"SPF was evaluated for {results.sender_ip}, which is the own gateway, not the sender's server: Exchange "
        )
        because += "Online has to look past it (enhanced filtering)."
        return Finding(Belief.LIKELY, because, (results, ours), _steps(""), weight=1.5)
    greeted = _own_name(results, headers, ways)
    if greeted and not mine and not detour(headers, settings, (), ()):
        return _own_server(results, greeted, others, settings)
    relay = relayed(results, ways)
    if relay and not detour(headers, settings, (), ()):
        return _passed_on(results, relay, settings, answers)
    earlier = None if detour(headers, settings, (), ()) else elsewhere(results, others)
    if not mine and of_provider(results.judge):
        return None  # a provider that takes mail straight from its senders judged it
    if not (mine or earlier) and (told := _told_of(results, settings)):
        return told
    masked = next((hop for way in ways for hop in way.hops if _stands_for(hop, results)), None)
    return _weighed(results, mine, earlier, masked, balancer(settings))


def _told_of(results: Authentication, settings: tuple[Configured, ...]) -> Finding | None:
    """What failed is SPF of a hop, where a filter is told to stand in front, whether the message was taken or not."""
    front = next((each for each in settings if each.kind == "gateway-in-front"), None)
    if front is None:
        return None
    because = f"SPF failed for {results.sender_ip or 'the last hop'}, and {front.name} stands in front, as you say: its address "
    because += "may have been judged in the sender's place."
    because += " This message passed by DKIM; one without a signature will not." if not refused(results) else ""
    return Finding(Belief.POSSIBLE, because, (results, front), _steps(""), weight=1.9)


def _behind_a_filter(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The receiver's filter hands the server's refusal back, and the address in it is the filter's own."""
    theirs = receivers_own(said, replies)
    if not theirs or (said.signature == "SPF" and "spf" not in topics(said)):
        return None
    because = f"The server that judges SPF got the message from {theirs}, which lies in the network of the filter that took it: "
    because += "it judges its own filter in the sender's place, and has to look past it."
    steps = (
        advise(
            "Tell the receiver's postmaster by another way that the server behind the filter judges SPF by the filter's own "
            "address: it has to exempt that from the check, or look one hop further back."
        ),
    )
    return Finding(Belief.LIKELY, because, (said,), steps, "recipient-side", weight=1.5)


def _many(said: Said, many: Configured | None) -> Finding | None:
    """Senders of a provider are refused for SPF, whose record is right: what was judged may be a hop in front."""
    if many is None or said.kind == "log" or "spf" not in topics(said):
        return None
    because = "Your own server refuses many senders for SPF, as you say, a provider's for one: if a gateway of yours stands in "
    because += "front, its address is judged in place of theirs."
    return Finding(Belief.POSSIBLE, because, (said, many), _steps(""), weight=1.3)


def _passed_on(
    results: Authentication, relay: Hop, settings: tuple[Configured, ...], answers: tuple[DnsAnswer, ...]
) -> Finding:
    """A hop that wrote nothing itself was judged. It is the reader's where they tell of a filter in front of the tenant."""
    front = next((each for each in settings if each.kind == "gateway-in-front"), None)
    record = spf_of(results.mail_from or results.header_from, answers)
    because = f"SPF was evaluated for {results.sender_ip}, but {relay.by} had taken the message from {relay.sender} "
    because += f"({relay.ip}) " if relay.ip else ""
    because += "and only passed it on"
    if record and relay.ip and record.lists(relay.ip):
        because += f", and the sender's SPF record lists {relay.ip} rightly"
    evidence = (results, front, record.answer if record else None)
    if front is None:
        because += ". If that hop is a gateway of this organization, Exchange Online has to look past it."
        return Finding(Belief.POSSIBLE, because, evidence, _steps(""), weight=2.1)
    because += (
        f". {front.name} stands in front, as you say, so Exchange Online has to look past it (enhanced filtering)."
    )
    return Finding(Belief.LIKELY, because, evidence, _steps(""), weight=1.6)


def _own_name(results: Authentication, headers: tuple[Headers, ...], ways: tuple[Hops, ...]) -> str:
    """The name of the recipient's own organization by which the judged address greeted; "" where it greeted otherwise."""
    values = [(name, value) for each in headers if _same(each, results) for name, value in each.values]
    recipients = [
        found for name, value in values if name == "authentication-results" for found in _RECIPIENT.findall(value)
    ]
    greetings = [found for name, value in values if name == "received-spf" for found in _GREETED.findall(value)]
    greetings += [hop.sender for way in ways for hop in way.hops if hop.ip and hop.ip == results.sender_ip]
    return next(
        (
            name.lower()
            for name in greetings
            if not aligned(name, results.mail_from) and any(_belongs(name, domain) for domain in recipients)
        ),
        "",
    )


def _same(headers: Headers, results: Authentication) -> bool:
    return headers.source.paste == results.source.paste


def _belongs(host: str, domain: str) -> bool:
    """Whether `host` is below `domain`, or below the domain after which the tenant is named."""
    low = domain.lower()
    if low.endswith(_TENANT):
        return low.removesuffix(_TENANT).split(".")[0] in host.lower().split(".")[1:-1]
    return host.lower() != low and aligned(host, low)


def _own_server(
    results: Authentication, greeted: str, others: tuple[Authentication, ...], settings: tuple[Configured, ...]
) -> Finding:
    """A stranger may greet with our name, too; senders of several domains behind one address, or a hybrid, leave no doubt."""
    senders = {name_of(e.mail_from) for e in others if e.sender_ip == results.sender_ip and e.mail_from}
    several = any(not aligned(one, results.mail_from) for one in senders)
    hybrid = any(each.kind == "organization" and each.name == "hybrid" for each in settings)
    because = (
        f"SPF was evaluated for {results.sender_ip}, which greeted as {greeted}, a name of the recipient's organization"
    )
    because += f", and mail of {len(senders)} sender domains came from it" if several else ""
    because += ": Exchange Online judges the own server, or a gateway of its own, in the sender's place. In a hybrid "
    because += (
        "its mail should not be judged at all: look there whether the session was encrypted, its certificate known."
    )
    belief = Belief.LIKELY if several or hybrid else Belief.POSSIBLE
    act: Act | None = "on-prem" if hybrid else None
    return Finding(belief, because, (results,), (*_steps(""), _hybrid_way()), act, weight=2.1)


def _hybrid_way() -> Step:
    return look(
        "In a hybrid, on-premises, see whether the connector to Exchange Online names a certificate and carries the headers.",
        "Get-SendConnector | Format-List Name,AddressSpaces,RequireTLS,TlsCertificateName,CloudServicesMailEnabled",
    )


def _stands_for(hop: Hop, results: Authentication) -> bool:
    """Whether the judged address greeted as somebody else's server: the sender's, or that of the sender's provider."""
    named = "." in hop.sender and not hop.by.endswith(_INSIDE) and not hop.sender.endswith(_INSIDE)
    foreign = named and bool(hop.by) and organization(hop.sender) != organization(hop.by)
    return is_mask(hop, results) or (hop.ip == results.sender_ip and foreign)


def relayed(results: Authentication, ways: tuple[Hops, ...]) -> Hop | None:
    """The hop by which the server that was judged had itself got the message from another name; None where it wrote it."""
    hops = [hop for way in ways for hop in way.hops]
    last = next((hop for hop in hops if results.sender_ip and hop.ip == results.sender_ip and hop.sender), None)
    if last is None or aligned(last.sender, results.mail_from):
        return None
    before = (hop for hop in hops if hop.by == last.sender and hop.sender and not aligned(hop.sender, last.sender))
    return next((hop for hop in before if not submitted(hop)), None)


def submitted(hop: Hop) -> bool:
    """Whether who handed the message in here had logged on (RFC 3848): then it begins here, whatever the client is called."""
    return hop.protocol.upper() in ("ESMTPA", "ESMTPSA", "UTF8SMTPA", "UTF8SMTPSA")


def _weighed(
    results: Authentication,
    mine: Configured | None,
    earlier: Authentication | None,
    masked: Hop | None,
    front: Configured | None,
) -> Finding:
    because = f"SPF was evaluated for {results.sender_ip or 'the last hop'}"
    if mine:
        because += f", the gateway of the inbound connector `{mine.name}`, which skips no address."
        return Finding(Belief.CONFIRMED, because, (results, mine), _steps(mine.name))
    if kind_of(results.sender_ip) == "internal" and masked:
        because += f", a private address, yet it greeted as {masked.sender}: it stands for the sender's server."
        return Finding(Belief.POSSIBLE, because, (results,), _steps(""), weight=0.9)
    if kind_of(results.sender_ip) == "internal" and front:
        because += f", a private address; {front.name} stands in front, as you say, and hides the sender's."
        return Finding(Belief.POSSIBLE, because, (results, front), _steps(""), weight=0.9)
    if kind_of(results.sender_ip) == "internal":
        because += ", a private address: an own hop, not the sender."
        return Finding(Belief.LIKELY, because, (results,), _steps(""))
    if earlier:
        because += (
            ", while an earlier receiver of the same message found the sender authentic; if that address is a gateway "
        )
        because += "of this organization, Exchange Online has to look past it."
        return Finding(Belief.POSSIBLE, because, (results, earlier), _steps(""), weight=1.8)
    because += "; if that is a gateway of this organization, not the sender, Exchange Online has to look past it."
    return Finding(Belief.POSSIBLE, because, (results,), _steps(""), weight=1.0)


def _steps(connector: str) -> tuple[Step, ...]:
    shell: Shell = "exchange-online-powershell"
    return (
        look(
            "See whether an inbound connector names that address, and what it skips.",
            "Get-InboundConnector | Format-List Name,Enabled,SenderIPAddresses,EFSkipLastIP,EFSkipIPs,EFUsers",
            shell,
        ),
        change(
            "Switch on enhanced filtering for the gateway's connector (several own hops: -EFSkipIPs with all of them).",
            "Set-InboundConnector {connector} -EFSkipLastIP $true",
            shell=shell,
            changes="Exchange Online judges the address before the gateway. Mail that was let through because of the gateway's "
            "address is then judged too; -EFUsers limits it to some recipients for a trial.",
            undo="The same command with -EFSkipLastIP $false.",
            verify="A new message shows the original sender's address in Authentication-Results.",
            connector=connector,
        ),
    )
