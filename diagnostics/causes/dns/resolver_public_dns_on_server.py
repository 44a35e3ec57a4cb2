"""A public DNS server on the Exchange server's network adapter breaks internal look-ups.

## What is happening
The adapter lists an Internet resolver (8.8.8.8, the provider's) next to the domain controllers. Windows asks
whichever answers, and the public one truthfully says that internal names don't exist. So finding other
Exchange servers and domain controllers fails at random, and the front end answers senders `451 4.7.0
Temporary server error. Please try again later. PRX2`.

## What proves it
- an internal name fails, and the answer came from a public resolver
- the adapter's list names a server that is no domain controller's DNS, such as the router

## Not this when
- every server on the adapter is a DNS server of Active Directory
- internal names resolve every time: PRX2 then speaks of the back end
  (`transport-service.proxy.frontend-to-backend-failure`)

## References
- https://c7solutions.com/category/error
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.lookups import doubting, nonexistent, public_resolver, restart_transport
from diagnostics.causes.network.queues import inward, told_inward
from diagnostics.causes.network.reach import by_exchange_online, of_itself
from diagnostics.complaint import COMPLAINT
from diagnostics.facts import DnsServers, QueueState, Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_REPORTED_BY = linear(r"(?i)reported by \[?([0-9a-f.:]{3,45})\b")
_INTERNAL = linear(
    r"(?i)\.(?:local|lan|internal|corp|intra|ad|priv|home|domain)\.?$|^[a-z0-9-]+$|\.(?:corp|ad|int|internal|intra)\."
)
_DOTS: Final = 3
_ASSISTANT = "Microsoft.Exchange.Assistants.TransientMailboxException"  # a mailbox, or the directory, was not reached


@cause(
    id="dns.resolver.public-dns-on-server",
    act="on-prem",
    says=(
        "Please try again later. PRX2",
        "DNS query failed",
        "DNS server returned ErrorRetry",
        "No such host is known",
        "SMTPSEND.DNS.NonExistentDomain",
        _ASSISTANT,
    ),
)
def assess(
    said: Said | DnsAnswer | Told | DnsServers,
    listed: DnsServers | None,
    answers: tuple[DnsAnswer, ...],
    adapters: tuple[DnsServers, ...],
    queues: tuple[QueueState, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """A public resolver on the adapter, or one that was asked for an internal name."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, DnsServers):
        return _mixed(said, objects)
    if isinstance(said, DnsAnswer):
        return _asked_inside(said, queues)
    inside = next((each for each in queues if inward(each)), None) or told_inward(objects)
    doubt = next((each for each in objects if each.kind == "told-lookup-doubt"), None)
    if by_exchange_online(said.text) or ("NonExistentDomain" in said.text and not (inside or doubt)):
        return None
    asked = next((each for each in answers if _astray(each)), None)
    if asked:
        because = f"The internal name {asked.name} was asked of {asked.server}, a public resolver that can't know it."
        return Finding(Belief.LIKELY, because, (asked, said), _steps(), weight=1.5)
    public = next((each for each in adapters if any(public_resolver(ip) for ip in each.addresses)), None)
    if public:
        return _listed(said, public)
    told = next((each for each in objects if each.kind == "told-dns"), None)
    if told:
        because = "The server's adapter lists a public DNS server, as you say: it doesn't know the names of the own network, and "
        because += "look-ups of domain controllers and Exchange servers fail whenever it is asked."
        return Finding(Belief.LIKELY, because, (told, said), _steps(), weight=1.6)
    return _not_listed(said, listed, answers) or _open(said, inside, doubt)


def _mixed(servers: DnsServers, objects: tuple[Configured, ...]) -> Finding | None:
    """Servers of the own network and a public one on one adapter, and somebody says that mail fails."""
    outside = [ip for ip in servers.addresses if public_resolver(ip)]
    if not 0 < len(outside) < len(servers.addresses) or not any(each.kind == COMPLAINT for each in objects):
        return None
    because = (
        f"The adapter lists {', '.join(outside)} beside servers of the own network: whenever it is asked, the names of "
    )
    because += "domain controllers and Exchange servers are not found."
    return Finding(Belief.POSSIBLE, because, (servers,), _steps(), weight=1.6)


@shown
def adapters(
    listed: tuple[DnsServers, ...],
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """What the adapters ask. Only names of the own network get lost on a public server, so of another failure it proves nothing,
    and an Edge server, which is in no domain, may well ask one."""
    failed = [each for each in replies if each.failing]
    outside = [(each, ip) for each in listed for ip in each.addresses if public_resolver(ip)]
    routers = [found for each in listed if (found := _router(each, objects))]
    within = not failed or any("PRX" in reply.whole or "No such host" in reply.whole for reply in failed)
    if (outside or routers) and not within:
        return None
    if outside:
        each = outside[0][0]
        public = [ip for servers, ip in outside if servers is each]
        beside = len(public) < len(each.addresses)
        because = f"The adapter lists {', '.join(public)}, which can't know the names of this network"
        because += ", beside servers that can." if beside else ", and no other server."
        return Finding(Belief.LIKELY, because, (each,), _steps(), weight=1.6)
    reported = (_REPORTED_BY.search(each.whole[:4000]) for each in failed)
    if any(found and public_resolver(found.group(1)) for found in reported) or any(map(_astray, answers)):
        return None  # transport may be set to other servers than the adapter
    if routers:
        return routers[0]
    if any(_of_a_router(ip) for each in listed for ip in each.addresses):
        return None
    servers = ", ".join(dict.fromkeys(ip for each in listed for ip in each.addresses))
    because = f"The adapters ask only servers of the own network ({servers})."
    return Finding(Belief.RULED_OUT, because, listed[:3])


def _of_a_router(ip: str) -> bool:
    """Whether an address is one that networks mostly give to their router: nothing tells whether it knows the names inside."""
    return ip.count(".") == _DOTS and ip.rpartition(".")[2] in ("1", "254") and not of_itself(ip)


def _router(servers: DnsServers, objects: tuple[Configured, ...]) -> Finding | None:
    """A router asks its provider, so it knows no name of the own network either. Who it is, is told."""
    told = next(
        (each for each in objects if each.kind == "told-router" and each.name in ("", *servers.addresses)), None
    )
    ip = told and (told.name or next(filter(_of_a_router, servers.addresses), ""))
    if not ip:
        return None
    because = (
        f"The adapter lists {ip}, a router, as you say: it asks the provider's DNS, which can't know the names of this "
    )
    because += "network."
    return Finding(Belief.LIKELY, because, (servers, told), _steps(), weight=1.6)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "stays-in-drafts":
        return None
    because = (
        "What is sent in Outlook on the web stays in Drafts, as you tell it: the mailbox server finds no server to "
    )
    because += "hand it to. A public DNS server on the adapter, or an adapter that is not registered in DNS, does that."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.3)


def _not_listed(said: Said, listed: DnsServers | None, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """What rules a public server on the adapter out, or shows one that was asked."""
    if listed and not any(map(_of_a_router, listed.addresses)):
        because = f"The adapter asks only servers of the own network ({', '.join(listed.addresses)})."
        return Finding(Belief.RULED_OUT, because, (listed,))
    inside = [each for each in answers if _INTERNAL.search(each.name)]
    if inside and all(each.ok and each.server and not public_resolver(each.server) for each in inside):
        because = f"The internal name {inside[0].name} resolves at {inside[0].server}, which is no public resolver."
        return Finding(Belief.RULED_OUT, because, tuple(inside))
    reported = _REPORTED_BY.search(said.text)
    if reported and public_resolver(reported.group(1)):
        because = (
            f"Transport's look-up was answered by {reported.group(1)}, a public resolver; internal "
            f"names are lost on it."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)
    return None


def _open(said: Said, inside: QueueState | Configured | None, doubt: Configured | None) -> Finding:
    """Nothing tells yet which DNS servers are asked."""
    if "PRX2" in said.signature:
        because = (
            "PRX2: the front end found no back end to pass the message to; a public DNS server on the "
            "adapter does that at random."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)
    if inside:
        name = (isinstance(inside, QueueState) and inside.next_hop) or "a server inside"
        because = f"The name of {name} was looked up in vain, which the own network's DNS "
        because += "servers know; a public one on the adapter doesn't, and answers whenever it is asked first."
        return Finding(Belief.POSSIBLE, because, (said, inside), _steps(), weight=1.8)
    if said.signature == _ASSISTANT:
        because = "A mailbox or the directory was not reached; a public DNS server on the adapter does that at random."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=0.9)
    if doubt and "NonExistentDomain" in said.text:
        because = f"A name was not found, and {doubting(doubt)}: a foreign DNS server on one of the adapters does that at random."
        return Finding(Belief.POSSIBLE, because, (said, doubt), _steps(), weight=1.2)
    because = "A look-up failed; a public DNS server listed on the adapter makes internal names fail at random."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=0.9)


def _listed(said: Said, servers: DnsServers) -> Finding:
    """Exchange needs names of the own network from every server on the list."""
    outside = [ip for ip in servers.addresses if public_resolver(ip)]
    because = f"The adapter lists {', '.join(outside)}, which can't know the names of this network"
    beside = len(outside) < len(servers.addresses)
    because += ", beside servers that can: look-ups of Exchange servers fail whenever it is asked." if beside else "."
    internal = "PRX" in said.text or "No such host" in said.text
    if internal:
        return Finding(Belief.LIKELY, because, (servers, said), _steps(), weight=1.6)
    return Finding(Belief.POSSIBLE, because, (servers, said), _steps(), weight=1.7)


def _asked_inside(answer: DnsAnswer, queues: tuple[QueueState, ...]) -> Finding | None:
    """A queue stands inside, and the name of its next server was answered by a resolver inside."""
    inside = answer.ok and bool(_INTERNAL.search(answer.name)) and bool(answer.server)
    if not inside or public_resolver(answer.server) or not any(inward(each) for each in queues):
        return None
    because = f"{answer.name} was answered by {answer.server}, which is no public resolver."
    return Finding(Belief.RULED_OUT, because, (answer,))


def _astray(answer: DnsAnswer) -> bool:
    return nonexistent(answer) and public_resolver(answer.server) and bool(_INTERNAL.search(answer.name))


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "On every Exchange server, list the DNS servers of its adapters: only domain controllers' may be there.",
            "Get-DnsClientServerAddress | Format-Table InterfaceAlias,AddressFamily,ServerAddresses",
            "powershell",
        ),
        look(
            "See whether the names of the Exchange servers resolve, several times in a row.",
            "Get-ExchangeServer | ForEach-Object {{ Resolve-DnsName $_.Fqdn -DnsOnly }} | Format-Table Name,IPAddress",
        ),
        change(
            "Leave only the domain controllers' DNS servers on the adapter.",
            "Set-DnsClientServerAddress -InterfaceAlias {adapter} -ServerAddresses {dns_server_1},{dns_server_2}",
            shell="powershell",
            changes="All look-ups of this server go to these DNS servers, which forward what is outside.",
            undo="The same with the addresses that the first step printed.",
            verify="The names of the Exchange servers resolve every time.",
            adapter="",
            dns_server_1="",
            dns_server_2="",
        ),
        restart_transport("Senders no longer get PRX2."),
    )
