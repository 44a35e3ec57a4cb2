"""The destination's MX record leads back to the sending server itself.

## What is happening
Exchange resolved the recipient's domain and found its own address (or 127.0.0.1) as the place to deliver to,
and refuses to send to itself: `SMTPSEND.DNS.MxLoopback`. Either the record is wrong, or it is right and this
server should accept the domain but doesn't have it among its accepted domains. Split DNS that answers
differently inside is a usual reason.

## What proves it
- the MX host resolves, on this server, to one of its own addresses
- the domain is missing from `Get-AcceptedDomain`

## Not this when
- the MX host's addresses, as this server resolves them, are none of its own (`Get-NetIPAddress`), and it is behind no NAT
- the MX leads to another server: then look at that server's routing (`routing-loop.connector.mx-points-back`)
- the hop count was exceeded: that is a loop over several servers
- the other side greets with the client's own name, as some gateways on the same machine do (DavMail): sendmail then takes it
  for itself, and no record is wrong

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/accepted-domains/accepted-domains
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.exchangers import Exchanger, exchangers, exchangers_of
from diagnostics.causes.dns.lookups import addresses_of, concerned, public_resolver, recipients_domains
from diagnostics.causes.network.reach import kind_of, of_itself
from diagnostics.causes.recipient.lookup import accepted
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

# Postfix, Sendmail, qmail and Exim
OTHERS = (
    "loops back to myself",
    "mail loops back to me (MX problem",
    "MX list for",
    "listed as a best-preference MX or A for that host",
    "lowest numbered MX record points to local host",
    "remote host address is the local host",
    "MX record points to 127",
    "points to this host but it is not a local domain",
)

_ITSELF = ("localhost", "localhost.localdomain", "127.0.0.1")
_OF_ITSELF = ("localhost", "127.", "::1")
_FOR = linear(r"(?i)\bmail for ([a-z0-9_-]+(?:\.[a-z0-9_-]+)+) loops back")  # Postfix


@cause(
    id="dns.mx.loopback",
    act="on-prem",
    says=("SMTPSEND.DNS.MxLoopback", "DNS records for this domain are configured in a loop", *OTHERS),
)
def assess(
    anchor: Said | DnsAnswer | Configured, replies: tuple[Reply, ...], answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    """Exchange says it itself; look-ups tell whether the record inside, or the accepted domain, is wrong."""
    if isinstance(anchor, Configured):
        return _told(anchor)
    if isinstance(anchor, DnsAnswer):
        host = next((each for each in anchor.values("MX") if each.rstrip(".").lower() in _ITSELF), "")
        return _everywhere(anchor, host, anchor.name) if host else None
    said = anchor
    mine = (r.recipient.rpartition("@")[2] for r in replies if r.source == said.source and r.recipient)
    told = _FOR.search(said.text)
    domain = next(mine, "") or (told.group(1).lower() if told else "")
    to = f"`{domain}`" if domain else "the recipient's domain"
    because = (
        f"{said.by or 'The sending server'} found its own address as the mail server of {to} and did "
        f"not send to itself."
    )
    inside = exchangers_of(domain, (each for each in answers if not public_resolver(each.server)))
    outside = exchangers_of(domain, (each for each in answers if public_resolver(each.server)))
    hidden = next((each for each in inside if outside and each.host not in {o.host for o in outside}), None)
    if hidden:
        because += (
            f" Inside, the MX is {hidden.host}; public DNS says {outside[0].host}: the record inside is the wrong one."
        )
        return Finding(Belief.CONFIRMED, because, (said, hidden.answer, outside[0].answer), _steps(domain), weight=1.5)
    if back := _to_itself((*inside, *outside), answers):
        mx, ip, answer = back
        because += f" Its MX {mx.host} resolves to {ip}, the machine itself."
        return Finding(Belief.CONFIRMED, because, (said, answer), _steps(domain), weight=1.5)
    mx_answer = inside[0].answer if inside else None
    return Finding(Belief.LIKELY, because, (said, mx_answer), _steps(domain), weight=1.5)


@shown
def accepted_domains(
    objects: tuple[Configured, ...], replies: tuple[Reply, ...], answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    """A domain whose MX leads here has to be accepted here. That it is accepted by now tells nothing of what was before."""
    own = {each.get("IPAddress").partition("%")[0].lower(): each for each in objects if each.kind == "ip-address"}
    hosts = [each for each in exchangers(concerned(answers, replies)) if not accepted(each.domain, objects)]
    if found := _led_here(own, hosts, replies, answers):
        return found
    listed = [each for each in objects if each.kind == "accepted-domain" and each.get("DomainName")]
    domain = next(iter(sorted(recipients_domains(replies))), "")
    if not listed or not domain or accepted(domain, objects) or any(each.get("DomainName") == "*" for each in listed):
        return None
    because = f"`{domain}` is not among the {len(listed)} accepted domains that were sent, while its MX leads here."
    return Finding(Belief.CONFIRMED, because, tuple(listed[:3]), _steps(domain), weight=1.5)


def _led_here(
    own: dict[str, Configured], hosts: list[Exchanger], replies: tuple[Reply, ...], answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    """Where the MX leads, beside the addresses that this server has. Public DNS leads others, and this server as well where it
    asks no other; a domain may have several answers, and each counts."""
    led = [(mx, ip) for mx in hosts for ip, _ in addresses_of(mx.host, answers)]
    back = next(((mx, ip) for mx, ip in led if ip.lower() in own), None)
    if back:
        mx, ip = back
        because = f"The MX of {mx.domain} is {mx.host}, which leads to {ip}, this server's own address."
        other = next((each for each in hosts if each.domain == mx.domain and each.answer is not mx.answer), None)
        if other and other.host not in mx.answer.values("MX"):
            because += f" Another DNS server says {other.host}: an internal zone hides the public record."
        sure = mx.domain in recipients_domains(replies)  # the MX of a domain of one's own leads here, as it should
        belief = Belief.CONFIRMED if sure else Belief.LIKELY
        return Finding(belief, because, (mx.answer, own[ip.lower()]), _steps(mx.domain), weight=1.5)
    routable = [ip for ip in own if kind_of(ip) == "public"]  # behind NAT an address of one's own isn't in the list
    if not hosts or not routable or {mx.host for mx in hosts} - {mx.host for mx, _ in led}:
        return None
    if any(mx.host in _ITSELF or of_itself(ip) or kind_of(ip) != "public" for mx, ip in led):
        return None
    because = f"The MX of {hosts[0].domain} leads to {led[0][1]}, and this server has {', '.join(routable[:3])}."
    return Finding(Belief.RULED_OUT, because, (hosts[0].answer, *(own[ip] for ip in routable[:3])))


def _told(anchor: Configured) -> Finding | None:
    if anchor.kind == "told-exchanger":
        return _everywhere(anchor, anchor.name, "") if anchor.name.startswith(_OF_ITSELF) else None
    if anchor.kind != "told-multiplied":
        return None
    because = "One message that becomes many in the queues is delivered to the server itself, again and again: the MX record of "
    because += (
        "the recipient's domain may lead there (localhost, 127.0.0.1, the server's own address). What does DNS say?"
    )
    resolve, *_, correct = _steps("")
    return Finding(Belief.POSSIBLE, because, (anchor,), (resolve, correct), "recipient-side", weight=1.5)


def _everywhere(anchor: DnsAnswer | Configured, host: str, domain: str) -> Finding:
    """A record that leads whoever sends to that domain to themselves."""
    of = f"`{domain}`" if domain else "the recipient's domain"
    because = (
        f"The MX record of {of} is `{host}`: every server that sends there connects to itself. Who runs the domain "
    )
    because += "has to correct the record, or publish a null MX if it takes no mail."
    resolve, *_, correct = _steps(domain)  # to accept the domain here would swallow its mail
    return Finding(Belief.LIKELY, because, (anchor,), (resolve, correct), "recipient-side", weight=1.2)


def _to_itself(hosts: Iterable[Exchanger], answers: tuple[DnsAnswer, ...]) -> tuple[Exchanger, str, DnsAnswer] | None:
    """The MX host that resolves to a loopback address."""
    found = ((mx, ip, answer) for mx in hosts for ip, answer in addresses_of(mx.host, answers))
    return next((each for each in found if of_itself(each[1])), None)


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "On the sending server, see where the MX leads; compare it with this server's addresses and "
            "with public DNS.",
            "Resolve-DnsName {domain} -Type MX | Format-List Name,Type,NameExchange,Preference,IPAddress; "
            "Resolve-DnsName {domain} -Type MX -Server 1.1.1.1 | Format-List Name,Type,NameExchange,Preference,IPAddress; "
            "Get-NetIPAddress | Format-List IPAddress,InterfaceAlias",
            "powershell",
            domain=domain,
        ),
        look(
            "See whether the organization accepts the domain.",
            "Get-AcceptedDomain | Format-Table Name,DomainName,DomainType",
        ),
        change(
            "If the mailboxes of this domain are here, accept it.",
            "New-AcceptedDomain -Name {domain} -DomainName {domain} -DomainType Authoritative",
            changes="The organization accepts mail for the domain, and refuses recipients it doesn't know.",
            undo="Remove-AcceptedDomain with the same name.",
            verify="Get-AcceptedDomain lists it, and a test message is delivered.",
            domain=domain,
        ),
        change(
            "If they are elsewhere, correct the MX record (or the internal DNS zone that hides the public one).",
            "",
            shell="dns-record",
            changes="Mail for the domain goes to the server that holds its mailboxes.",
            undo="Restore the former record.",
            verify="The sending server resolves the MX to the other server's address.",
        ),
    )
