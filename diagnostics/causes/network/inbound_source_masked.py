"""A load balancer or NAT hides the real address of every server that delivers to us.

## What is happening
Inbound connections pass a load balancer, a firewall or a container's bridge that puts its own address in place of the client's
(source NAT). The mail server then sees one internal address for the whole Internet: SPF fails for everybody, block lists see
nothing, limits per source are used up by all together (`421 4.3.2 … exceeded a limit for this source`), and connectors that
are scoped by address match the wrong sessions, up to an open relay or a refused partner.

## What proves it
- foreign servers, by their own EHLO name, appear with an internal address, and so do all others in the receive log
- clients that greet with different names come from one address, the load balancer's, and meet the default connector
- a load balancer that is told beside a refusal to relay: a hint

## Not this when
- the receive log shows many public addresses
- the internal address belongs to a mail gateway that greets with its own name: then it is a hop, not a mask
  (`sender-auth.spf.gateway-evaluated`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
- https://learn.microsoft.com/en-us/exchange/architecture/client-access/load-balancing
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.connector import relay
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.settings import RECEIVE, for_some, of_kind
from diagnostics.causes.connector.turned_away import (
    NAMELESS_CLIENT,
    in_brackets,
    inside_address,
    is_private,
    numbered,
    own_client,
    refusing_many,
    turned_away,
)
from diagnostics.causes.dns.exchangers import organization
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.sender_auth.results import judged_inside, refused
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Authentication, Configured, Hop, Hops, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_ALL_FROM_ONE: Final = (
    "All mail seems to come from one address of your own, as you tell it: a firewall or load balancer puts its own in place of "
    "the senders', so SPF, block lists and the ranges of connectors judge the device."
)
_ENOUGH: Final = 3  # sessions of one address; fewer may be one busy client
_NAMES: Final = 2  # hosts that greet from one address
_CHECKS: Final = ("SPF", "Sender Policy Framework", "openspf", "DMARC")
_REVERSE: Final = (
    *NAMELESS_CLIENT, "reverse DNS", "PTR record", "4.7.25", "5.7.25",
)  # fmt: skip
_PER_SOURCE: Final = "The maximum number of connections per source"  # event 1021
_SOURCE = linear(r"IP address '?((?:\d{1,3}\.){3}\d{1,3})")
_GREETED = linear(r"(?i)\b(?:helo|ehlo)[=: ]{1,3}[<\"]?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})")
_FAILED: Final = ("fail", "softfail")


@cause(
    id="network.nat.inbound-source-masked",
    act="network",
    says=(
        "The maximum number of concurrent connections has exceeded a limit for this source",
        _PER_SOURCE,
        "Unable to relay",
        *_CHECKS,
        *_REVERSE,
    ),
)
def assess(
    anchor: Authentication | Said | Told,
    hops: tuple[Hops, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """A foreign name with an internal address is the mask; a log of one address makes it possible."""
    if isinstance(anchor, Told):
        return told_as("everybody-from-one-address", anchor, _ALL_FROM_ONE, _steps(""), weight=1.5)
    seen = {s.remote_ip: kind_of(s.remote_ip) for s in sessions if s.direction == "receive" and kind_of(s.remote_ip)}
    public = next((ip for ip, kind in seen.items() if kind == "public"), "")
    if isinstance(anchor, Authentication):
        return _judged(anchor, hops, settings)
    if "spf" in topics(anchor) and judged_inside(anchor.text):
        return _refused(anchor)
    if anchor.signature in _CHECKS and topics(anchor) & {"spf", "dmarc"}:
        return _refused_client(anchor, replies, sessions) or _many(anchor, refusing_many(settings))
    if anchor.signature in _CHECKS:
        return None
    if anchor.signature in _REVERSE:
        return _without_name(anchor, settings, replies, sessions)
    if public:
        because = f"The receive log shows real addresses, such as {public}."
        return Finding(Belief.RULED_OUT, because, (next(s for s in sessions if s.remote_ip == public),))
    if anchor.signature == "Unable to relay":
        return _one_client(anchor, settings, sessions) or _unseen(heard(anchor, replies, sessions), settings)
    if front := behind(anchor, settings, sessions):
        because = (
            f"{front.name} stands in front, as you say, and Exchange counts an internal address as the one source: "
        )
        because += "everybody outside appears with it, and together they reach the limit of one sender."
        return Finding(Belief.LIKELY, because, (anchor, front), _steps(_source(anchor, sessions)), weight=1.6)
    return _shared(anchor, sessions)


def _one_client(said: Said, settings: tuple[Configured, ...], sessions: tuple[Session, ...]) -> Finding | None:
    """Clients that greet with names of their own appear with one address: no connector that is scoped by theirs is met."""
    mine = [s for s in sessions if s.direction == "receive" and kind_of(s.remote_ip) == "internal"]
    names = list(dict.fromkeys(s.greeting.lower() for s in mine if s.greeting))
    if len({s.remote_ip for s in mine}) != 1:
        return None
    front = balancer(settings)
    ip = mine[0].remote_ip
    if len(names) < _NAMES and front is None:
        return _shared(said, sessions)
    because = (
        f"{' and '.join(names[:3])}, by their own greetings, all" if len(names) >= _NAMES else "The client refused"
    )
    because += f" come from {ip}" if len(names) >= _NAMES else f" came from {ip}"
    because += f"; {front.name} stands in front, as you say." if front else "."
    because += " With its address in place of theirs Exchange can't tell clients apart, so a connector that is scoped by their "
    because += "addresses never answers, and the default one refuses to relay."
    belief = Belief.LIKELY if front and len(names) >= _NAMES else Belief.POSSIBLE
    return Finding(belief, because, (said, *mine[:1], front), _steps(ip), weight=1.8)


def _unseen(what: Heard, settings: tuple[Configured, ...]) -> Finding | None:
    """No log shows by which address the client came to an Exchange server that does not relay for it."""
    if what.session or not relay.by_exchange_server(what) or what.peer == "exchange-online" or relay.rewritten(what):
        return None
    front = balancer(settings)
    if front:
        because = f"{front.name} stands in front, as you say: if it puts its own address in place of the client's, a connector "
        because += "that is scoped by the clients' addresses never answers, and the default one refuses to relay."
        return Finding(Belief.POSSIBLE, because, (what.said, front), _steps(""), weight=1.3)
    made = next((each for each in settings if each.kind == "told-connector-made"), None)
    made = made or next((each for each in of_kind(RECEIVE, settings) if for_some(each)), None)
    if made is None and "receive connector" not in what.low:
        return None
    because = "A connector was made for some clients, and this one is refused: if something in front of Exchange puts its own "
    because += "address in place of theirs (a load balancer, NAT), a connector that is scoped by theirs never answers."
    return Finding(Belief.POSSIBLE, because, (what.said, made), _steps(""), weight=0.9)


def balancer(settings: Iterable[Configured]) -> Configured | None:
    """The load balancer, or translation of addresses, that a person tells of."""
    return next((each for each in settings if each.kind == "load-balancer"), None)


def behind(said: Said, settings: Iterable[Configured], sessions: Iterable[Session]) -> Configured | None:
    """The load balancer that a person tells of, where the limit was reached by an internal address."""
    inside = kind_of(_source(said, sessions)) == "internal"
    return balancer(settings) if inside else None


def _source(said: Said, sessions: Iterable[Session]) -> str:
    """The address that event 1021 counts, or that the refused session of a receive log came from; "" where none is told."""
    found = _SOURCE.search(said.text)
    refused = (each.remote_ip for each in sessions if each.direction == "receive" and each.source == said.source)
    return str(found.group(1)) if found else next(refused, "")


def _judged(results: Authentication, hops: tuple[Hops, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """SPF judged an internal address. Did it greet with the sender's own name?"""
    if results.spf not in _FAILED or not refused(results) or kind_of(results.sender_ip) != "internal":
        return None
    masked = next((hop for each in hops for hop in each.hops if is_mask(hop, results)), None)
    gateway = next((hop for each in hops for hop in each.hops if _is_gateway(hop, results)), None)
    if masked is None and gateway:
        because = f"{results.sender_ip} greeted with a name of its own, {gateway.sender}: a hop of ours, not a mask."
        return Finding(Belief.RULED_OUT, because, (results,))
    front = balancer(settings)
    if masked is None and front:
        because = f"SPF judged {results.sender_ip}, an internal address, and {front.name} stands in front, as you say: "
        because += "it puts its own address in place of the sender's."
        return Finding(Belief.LIKELY, because, (results, front), _steps(results.sender_ip), weight=1.6)
    if masked is None:
        because = (
            f"SPF judged {results.sender_ip}, an internal address. It belongs to a gateway of your own, or to a load "
        )
        because += "balancer that hides the real one."
        return Finding(Belief.POSSIBLE, because, (results,), _steps(results.sender_ip), weight=1.0)
    because = f"{masked.sender}, a server outside, appears with the internal address {masked.ip}: something in "
    because += "front of Exchange puts its own address in place of the sender's, and SPF judged that."
    held = next(each for each in hops if masked in each.hops)
    return Finding(Belief.LIKELY, because, (results, held), _steps(masked.ip), weight=1.5)


def _refused(said: Said) -> Finding:
    """A refusal for SPF names only an internal address. Another relay's log tells as which server it greeted."""
    ip = judged_inside(said.text)
    greeted = next((str(name) for name in _GREETED.findall(said.text) if numbered(name) and not is_private(name)), "")
    if greeted:
        because = (
            f"{greeted}, a server outside, appears with the internal address {ip}: something in front of the mail "
        )
        because += (
            "server puts its own address in place of the sender's (a load balancer, a container's bridge), and SPF "
        )
        because += "judged that."
        return Finding(Belief.LIKELY, because, (said,), _steps(ip), weight=1.5)
    because = (
        f"SPF was judged for {ip}, an internal address: a gateway in front, or a load balancer that hides the real one."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(ip), weight=1.5)


def hidden_behind(said: Said, replies: Iterable[Reply], sessions: Iterable[Session]) -> str:
    """The internal address by which a server of the Internet was refused, as the log of who refused it tells; "" otherwise."""
    client = turned_away(said, replies, sessions)
    return client.ip if client and client.inside and client.foreign else ""


def _refused_client(said: Said, replies: tuple[Reply, ...], sessions: tuple[Session, ...]) -> Finding | None:
    """Where a refusal for SPF or DMARC names no address that was judged, it is the client's."""
    ip = hidden_behind(said, replies, sessions)
    if not ip:
        return None
    because = (
        f"A server outside appears with the internal address {ip}: something in front of the mail server puts its own "
    )
    because += (
        "address in place of the sender's (a load balancer, a container's bridge), so SPF can't pass for anybody, and "
    )
    because += "DMARC fails for who relies on it."
    return Finding(Belief.LIKELY, because, (said,), _steps(ip), weight=1.5)


def _many(said: Said, many: Configured | None) -> Finding | None:
    """Senders of a provider, or all, are refused for SPF by one's own server: their records are right, so it is the address."""
    if many is None or "spf" not in topics(said) or any(kind_of(each) == "public" for each in in_brackets(said.text)):
        return None
    because = "Your own server refuses many senders for SPF, as you say, a provider's for one, whose record is right: it sees "
    because += (
        "another address than theirs, that of a container's bridge (IPv6 reaches it that way), a balancer or a router."
    )
    return Finding(Belief.POSSIBLE, because, (said, many), _steps(""), weight=1.9)


def _without_name(
    said: Said, settings: tuple[Configured, ...], replies: tuple[Reply, ...], sessions: tuple[Session, ...]
) -> Finding | None:
    """Reverse DNS was looked for of an inside address, which nobody outside has: is it a mask, or a client of one's own?"""
    client, ip = turned_away(said, replies, sessions), inside_address(said)
    if not ip or (client and own_client(client, settings) and not client.foreign):
        return None
    front = balancer(settings) or next((each for each in settings if each.kind == "gateway" and each.name == ip), None)
    outside = refusing_many(settings)
    because = (
        f"Reverse DNS was looked for of {ip}, an address of an inside network: whoever of the Internet appears with "
    )
    because += "it comes through something in front that puts its own address in place of the sender's (a container's "
    because += "bridge, a load balancer), and no name can be found for anybody."
    if front or outside or (client and client.foreign):
        return Finding(Belief.LIKELY, because, (said, front or outside), _steps(ip), weight=1.5)
    return Finding(Belief.POSSIBLE, because, (said,), _steps(ip), weight=1.5)


def is_mask(hop: Hop, results: Authentication) -> bool:
    """Whether the address that SPF judged greeted as a server outside: then it hides that server's own."""
    foreign = organization(hop.sender) != organization(hop.by) and not is_private(hop.sender)
    own = organization(hop.sender) == organization(results.mail_from.rpartition("@")[2])
    return hop.ip == results.sender_ip and "." in hop.sender and foreign and (own or numbered(hop.sender))


def _is_gateway(hop: Hop, results: Authentication) -> bool:
    """Whether the address that SPF judged greeted with a name of the organization that received from it."""
    return hop.ip == results.sender_ip and "." in hop.sender and organization(hop.sender) == organization(hop.by)


def _shared(said: Said, sessions: tuple[Session, ...]) -> Finding | None:
    """All sessions of a receive log come from one internal address."""
    mine = [s for s in sessions if s.direction == "receive" and kind_of(s.remote_ip) == "internal"]
    addresses = {s.remote_ip for s in mine}
    if len(addresses) == 1 and len(mine) >= _ENOUGH:
        ip = next(iter(addresses))
        because = f"All {len(mine)} sessions of the receive log come from {ip}: a load balancer with source NAT, unless it is "
        because += "one busy client."
        return Finding(Belief.POSSIBLE, because, (said, mine[0]), _steps(ip), weight=1.4)
    if addresses or said.signature == "Unable to relay":
        return None
    because = "The limit counts connections of one address; behind a load balancer with source NAT that is everybody together."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=0.9)


def _steps(ip: str) -> tuple[Step, ...]:
    return (
        look(
            "Count the client addresses in the receive log of the front end: one internal address for all is the mask.",
            "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive') | "
            "Sort-Object LastWriteTime | Select-Object -Last 1 | Get-Content | Where-Object {{ $_ -notlike '#*' }} | "
            "ForEach-Object {{ $_.Split(',')[5].Split(':')[0] }} | Group-Object | Sort-Object Count -Descending | "
            "Select-Object -First 10 Count,Name",
        ),
        look(
            "See which connectors let that address do more than others: behind the mask this holds for the whole Internet.",
            "Get-ReceiveConnector | Format-List Identity,RemoteIPRanges,PermissionGroups,MaxInboundConnectionPerSource",
        ),
        change(
            f"On the load balancer or firewall, switch source NAT off for TCP 25 (transparent mode, or direct server return), so "
            f"that the client's address reaches Exchange{f' instead of {ip}' if ip else ''}. Don't raise limits or "
            "widen connectors for it.",
            "",
            shell="portal",
            changes="Exchange sees the real addresses. The servers' default gateway has to lead back through the device.",
            undo="Switch source NAT on again.",
            verify="The first step lists many public addresses, and SPF is judged for the sender's own.",
        ),
    )
