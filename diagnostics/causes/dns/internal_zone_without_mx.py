"""The internal DNS zone of the mail domain has no MX record, so servers inside deliver to the domain's own addresses.

## What is happening
Where Active Directory has the same name as the mail domain, servers inside ask its zone, which knows nothing of the public
one. It has no MX record, and a mail server then delivers to the addresses of the domain name itself (RFC 5321, 5.1): those
are the domain controllers, where nothing takes mail. From outside all is well.

## What proves it
- the attempt goes to the bare domain name and to an internal address: `connect to contoso.com[192.0.2.10]:25`
- inside, `Resolve-DnsName` finds no MX for the domain, and public DNS does

## Not this when
- the MX is there inside and names a server that is down (`network.connection.refused`)
- it is a server's name that resolves to a wrong address (`dns.internal.resolves-to-public-ip`)

## References
- https://www.rfc-editor.org/rfc/rfc5321#section-5.1
- https://learn.microsoft.com/en-us/powershell/module/dnsserver/add-dnsserverresourcerecordmx
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.exchangers import exchangers_of
from diagnostics.causes.dns.lookups import of_name, public_resolver
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.stories import told_as
from diagnostics.facts import ConnectFailed, Reply
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Told
from diagnostics.report import Step

_STORY: Final = "goes-to-the-domain-controllers"


@cause(id="dns.internal.zone-without-mx", act="on-prem")
def assess(
    anchor: ConnectFailed | Told, _answer: DnsAnswer | None, replies: tuple[Reply, ...], answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    """The host that was tried is the recipient's domain itself, and its address is an internal one."""
    if isinstance(anchor, Told):
        because = "Mail for your own domain goes to the domain controllers, as you tell it: so it is where the internal zone of "
        because += "the same name has no MX record, and the addresses of the domain count."
        return told_as(_STORY, anchor, because, _steps(""), weight=1.9)
    domains = {r.recipient.rpartition("@")[2].lower() for r in replies if r.source == anchor.source and r.recipient}
    name = anchor.host.lower()
    if name not in domains or kind_of(anchor.ip) != "internal":
        return None
    if known := _inside(name, answers):
        return known
    because = (
        f"The relay delivers to {name} itself, at the internal address {anchor.ip}, as a server does that finds no MX "
    )
    because += "record: the zone inside lacks it, and those are the domain controllers' addresses."
    return Finding(Belief.LIKELY, because, (anchor,), _steps(name), weight=1.5)


@shown
def lookups(answers: tuple[DnsAnswer, ...], failures: tuple[ConnectFailed, ...]) -> Finding | None:
    """What the resolver inside and one outside have for the domain that was tried."""
    tried = {each.host.lower() for each in failures if kind_of(each.ip) == "internal"}
    names = [name for name in dict.fromkeys(each.name for each in answers if each.name) if not tried or name in tried]
    for name in names:
        if known := _inside(name, answers):
            return known
        missing = next((each for each in of_name(answers, name) if _without(each)), None)
        outside = exchangers_of(name, (each for each in answers if public_resolver(each.server)))
        if missing is None or not (outside or name in tried):
            continue
        because = f"The resolver inside knows `{name}` and has no MX record for it"
        because += f", while public DNS has {outside[0].host}." if outside else "."
        belief = Belief.CONFIRMED if outside else Belief.LIKELY
        return Finding(belief, because, (missing, outside[0].answer if outside else None), _steps(name))
    return None


def _without(answer: DnsAnswer) -> bool:
    """Whether a server of one's own says that the name is there and has no MX."""
    return answer.error == "no records" and answer.asked in ("", "MX") and not public_resolver(answer.server)


def _inside(name: str, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    inside = exchangers_of(name, (each for each in answers if not public_resolver(each.server)))
    if not inside:
        return None
    because = f"The resolver inside has an MX for {name}: {inside[0].host}."
    return Finding(Belief.RULED_OUT, because, (inside[0].answer,))


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "On the server that sends, see whether its own resolver has an MX record for the domain, as public DNS has.",
            "Resolve-DnsName {domain} -Type MX; Resolve-DnsName {domain} -Type MX -Server 1.1.1.1",
            "powershell",
            domain=name,
        ),
        change(
            "On a DNS server of the internal zone, add the MX record, with the server that takes mail inside (or let the relay "
            "have a fixed route for the domain, or ask a public resolver).",
            "{domain:token}. IN MX 10 {host:token}.",
            shell="dns-record",
            changes="Whoever asks inside for the mail server of the domain is told that host.",
            undo="Delete the record.",
            verify="The first step finds the record inside, and a message to the domain is delivered.",
            domain=name,
            host="",
        ),
    )
