"""The destination server doesn't answer.

## What is happening
Packets to this one destination get no answer: the server is down, its firewall drops our address silently, a
route is missing, or the record points to an address where nobody is. Transport waits, reports socket error
10060 (or 10065, no route to host) and tries the next address; after the queue's lifetime the sender gets
`4.4.7` or, from Exchange Online, `5.4.300`.

## What proves it
- socket error 10060 toward this destination, while sessions or tests to other destinations open
- a port test from this server fails for it, and works for another one
- a provider that reaches everybody else (Gmail, Yahoo, Outlook.com) says in its bounce that it got no answer
- it is an Exchange server of the organization that somebody switched off, and something still sends mail to it
- a gateway or filter opens the connection and waits in vain for the banner or for an answer to EHLO: a hint

## Not this when
- every destination fails (`network.port25.outbound-blocked`)
- the answer is 10061: something did answer, and refused (`network.connection.refused`)
- the log shows a banner: TCP works, and the cause lies behind it

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-4-4-7-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.network.probes import is_control, test_from_elsewhere, test_port, test_route
from diagnostics.causes.network.providers import always_reached, by_provider
from diagnostics.causes.network.queues import STALLED, inward, queue_of
from diagnostics.causes.network.reach import (
    UNANSWERED,
    Opening,
    Place,
    kind_of,
    no_route,
    of_itself,
    openings,
    place_of,
    refuted,
    seen_by_admin,
    switched_off,
    through,
    told_by_exchange_online,
)
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import ConnectFailed, QueueState, Reply, Said, Session, SmtpReached, TlsFailed
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Act, Step

_KINDS = ("timeout", "unreachable", "unknown")
_SUBMISSION = frozenset({465, 587, 2525})
_DOMAIN = "because the domain is not reachable"  # Hotmail's, of servers that it can't reach as of a domain without any


@cause(id="network.connection.timeout", act="recipient-side", says=(*UNANSWERED, *STALLED, _DOMAIN))
def assess(
    anchor: ConnectFailed | PortTest | SmtpReached | Told | Said,
    _test: PortTest | None,
    failures: tuple[ConnectFailed, ...],
    tests: tuple[PortTest, ...],
    reached: tuple[SmtpReached, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
    handshakes: tuple[TlsFailed, ...],
    queues: tuple[QueueState, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """It is this one's fault only where other destinations open."""
    if isinstance(anchor, Told | Said):
        return _told(anchor) if isinstance(anchor, Told) else _from_words(anchor, reached=bool(reached))
    if isinstance(anchor, SmtpReached):
        return refuted(anchor, sessions, replies, handshakes)
    if isinstance(anchor, PortTest) and (_was_answered(anchor, failures) or anchor.port != 25):
        return _submission(anchor) if anchor.port in _SUBMISSION and not _was_answered(anchor, failures) else None
    if isinstance(anchor, ConnectFailed) and anchor.kind == "refused":
        because = f"{place_of(anchor).subject} answered the connection, with a refusal: it was reached."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    where = place_of(anchor)
    if isinstance(anchor, ConnectFailed) and no_route(anchor):
        bounced = any(each.source == anchor.source and each.kind in ("ndr", "dsn") for each in replies)
        return _without_route(anchor, where) if bounced else None
    if isinstance(anchor, ConnectFailed) and anchor.kind not in _KINDS:
        return None
    if isinstance(anchor, PortTest) and anchor.inbound:
        return _from_outside(anchor, where)
    if isinstance(anchor, ConnectFailed) and told_by_exchange_online(anchor, replies):
        return _from_cloud(anchor, where, seen_by_admin(anchor, replies))
    if isinstance(anchor, ConnectFailed) and by_provider(anchor):
        return _from_provider(anchor, where)
    off = switched_off(anchor, settings)
    if off:
        return _switched_off(anchor, off, inside=inward(queue_of(anchor, queues)) or kind_of(where.ip) == "internal")
    opened = openings(reached, sessions, tests)
    here = through(where, opened)
    if here:
        return _through_at_times(anchor, where, here)
    return _told_alone(anchor, where, opened, settings) or _weighed(anchor, where, opened, tests)


def _at_once(test: PortTest) -> Finding:
    because = f"The connection to {place_of(test).name} fails at once, as you say: somebody answers, and nobody is waited for."
    return Finding(Belief.RULED_OUT, because, (test,))


@shown
def opened_later(
    reached: tuple[SmtpReached | PortTest, ...], sessions: tuple[Session, ...], failures: tuple[ConnectFailed, ...]
) -> Finding | None:
    """The same destination, reached in what was sent after the failure."""
    silent = [each for each in failures if each.kind in _KINDS]
    tests = [each for each in reached if isinstance(each, PortTest)]
    opened = openings([each for each in reached if isinstance(each, SmtpReached)], sessions, tests)
    latest = max((each.source.paste for each in silent), default=0)
    later = [each for each in opened if each.fact.source.paste > latest]
    here = next((found for each in silent if (found := through(place_of(each), later))), None)
    if here is None:
        return None
    because = f"{here.words[0].upper()}{here.words[1:]}: it answers."
    return Finding(Belief.RULED_OUT, because, (here.fact,))


def _told_alone(
    anchor: ConnectFailed | PortTest, where: Place, opened: list[Opening], settings: tuple[Configured, ...]
) -> Finding | None:
    """The person tells what a session to another destination would show, or how long the attempt took."""
    if isinstance(anchor, PortTest) and any(each.kind == "told-at-once" for each in settings):
        return _at_once(anchor)
    others = next((each for each in settings if each.kind == "told-others"), None)
    if others is None or opened or not isinstance(anchor, ConnectFailed) or anchor.kind != "timeout":
        return None
    because = f"{where.subject} does not answer on port 25, and mail to others goes out, as you say."
    return Finding(Belief.LIKELY, because, (anchor, others), _steps(where), _act(where), weight=1.4)


def _was_answered(test: PortTest, failures: Iterable[ConnectFailed]) -> bool:
    """Whether a connection tried by hand was opened, or refused: both come from somebody."""
    refused = [each for each in failures if each.kind == "refused"]
    return test.succeeded or of_itself(test.ip) or any(_is_of(each, test) for each in refused)


def _is_of(refused: ConnectFailed, test: PortTest) -> bool:
    """Whether a test that failed is of what refused before. Test-NetConnection says nothing of how it failed."""
    where = place_of(refused)
    if not where.site:
        return refused.source == test.source or (refused.source.paste < test.source.paste and not is_control(test.host))
    return refused.source == test.source or place_of(test).is_same(where)


def _submission(test: PortTest) -> Finding:
    """A client's port, tried by hand: what tells a server that is silent from one that refuses isn't in the outcome."""
    where = place_of(test)
    because = f"No connection to port {test.port} of {where.name} could be opened, where clients hand in their mail: a firewall "
    because += "on the way drops it, or nothing listens there."
    name = where.host or where.ip
    control = look(
        "From that machine, test the same port of this server and, as a control, of an unrelated one.",
        "{host}, 'smtp.office365.com' | ForEach-Object {{ Test-NetConnection $_ -Port {port} }} | "
        "Format-List ComputerName,RemoteAddress,TcpTestSucceeded",
        "powershell",
        host=name,
        port=str(test.port),
    )
    return Finding(Belief.POSSIBLE, because, (test,), (control, test_route(name)), "network", weight=0.9)


def _without_route(failed: ConnectFailed, where: Place) -> Finding:
    """A bounce: a router on the way says of a network that is down what a server says that has no IPv6."""
    because = f"No way led to {where.name} until the sender gave up; if others get no answer over IPv4 either, that network is "
    because += "down."
    return Finding(Belief.POSSIBLE, because, (failed,), _steps(where), _act(where), weight=1.0)


def _from_words(said: Said, *, reached: bool) -> Finding | None:
    where = Place(host=said.host)
    if said.signature == _DOMAIN:
        because = "The domain's mail servers were not reached, which is said alike of a domain that has none and of servers that "
        because += "don't answer."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(where), weight=1.0)
    if said.signature in STALLED and (reached or (said.signature == STALLED[-1] and said.kind != "queue")):
        return None  # a log shows how far it got; and a server says the last of them to a client that keeps silent
    if said.signature in STALLED:
        because = f"The session with {where.name} came to nothing for want of answers: so it does with a server that hangs, or "
        because += "where packets are lost."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(where), weight=0.7)
    because = f"{where.subject} took the connection and gave no answer before the sender's patience was over: it is overloaded, "
    because += "hangs, or looks something up for too long, or packets are lost on the way."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(where), weight=1.3)


def _told(told: Told) -> Finding | None:
    """Mail from Exchange Online that waits for servers behind a firewall."""
    if told.story != "waits-for-the-premises":
        return None
    because = (
        "Mail from Exchange Online waits for your servers, as you tell it: their port 25 may not answer from outside "
    )
    because += "at all, where no rule of the firewall leads to them."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(Place()), "network", weight=1.4)


def _through_at_times(anchor: ConnectFailed | PortTest, where: Place, here: Opening) -> Finding:
    if isinstance(here.fact, PortTest):
        return Finding(Belief.RULED_OUT, f"{where.subject} answers: {here.words}.", (here.fact,))
    because = f"The connection to {where.name} timed out in one attempt, but {here.words}: it gets through at times."
    return Finding(Belief.POSSIBLE, because, (anchor, here.fact), _steps(where), weight=0.9)


def _weighed(
    anchor: ConnectFailed | PortTest, where: Place, opened: list[Opening], tests: tuple[PortTest, ...]
) -> Finding | None:
    steps, act = _steps(where), _act(where)
    closed = [each for each in tests if not each.succeeded and each.port == 25]
    tested = next((each for each in closed if place_of(each).is_same(where)), None)
    other = next((each for each in reversed(opened) if each.place.site and where.site), None)
    if other:
        because = f"{where.subject} does not answer on port 25, while {other.words}."
        # A failed test tells no silence from a refusal, and an address inside may not be the one that mail should go to.
        timed = isinstance(anchor, ConnectFailed) and anchor.kind == "timeout"
        sure = timed and tested and isinstance(other.fact, PortTest) and kind_of(where.ip) != "internal"
        belief = Belief.CONFIRMED if sure else Belief.LIKELY
        return Finding(belief, because, (anchor, tested, other.fact), steps, act, weight=1.5)
    if len({place_of(each).site for each in closed} - {""}) > 1:
        return Finding(
            Belief.RULED_OUT,
            "Port 25 fails toward every destination that was tested, not only this one.",
            (*closed,),
        )
    port = (anchor.port if isinstance(anchor, ConnectFailed) else 0) or 25
    no_way = isinstance(anchor, ConnectFailed) and anchor.kind == "unreachable"
    winsock = f" (socket error {anchor.winsock})" if isinstance(anchor, ConnectFailed) and anchor.winsock else ""
    fault = f"This server has no route to {where.name}" if no_way else f"{where.subject} did not answer on port {port}"
    if isinstance(anchor, ConnectFailed) and anchor.kind == "unknown":
        fault = f"No connection to {where.name} could be opened; the reason isn't told"
    because = f"{fault}{winsock}; whether other destinations can be reached is not told yet."
    weight = 0.6 if always_reached(where.host, where.ip) else 1.2
    return Finding(Belief.POSSIBLE, because, (anchor,), steps, act, weight=weight)


def _switched_off(failed: ConnectFailed | PortTest, off: Configured, *, inside: bool) -> Finding:
    """A server that the person switched off answers nobody; what still sends mail to it is the thing to find."""
    sure = inside or bool(off.get("Waits"))
    routed = "and mail is still routed to it" if sure else "and mail may still be routed to it"
    because = (
        f"The old server is switched off, as you say, {routed}: groups may name it as their expansion server, Send "
    )
    because += "connectors as their source server, or mailboxes of the system may lie on its databases."
    belief, weight = (Belief.LIKELY, 2.2) if sure else (Belief.POSSIBLE, 1.4)
    return Finding(belief, because, (failed, off), _what_names_it(), "on-prem", weight=weight)


def _from_cloud(failed: ConnectFailed, where: Place, ours: bool) -> Finding:
    because = f"Exchange Online got no answer from {where.name} on port 25: the host is down, or its firewall drops the packets."
    if failed.kind == "unknown":
        because = f"Exchange Online could not open a connection to port 25 of {where.name}; the reason is not told. Mostly the "
        because += "host is down, or its firewall drops the packets."
    steps = (test_from_elsewhere(where.host or where.ip), _listener())
    return Finding(Belief.POSSIBLE, because, (failed,), steps, "network" if ours else "recipient-side", 1.5)


def _from_provider(failed: ConnectFailed, where: Place) -> Finding:
    """A great provider reaches everybody else at the same time, and has tried for hours before it says so."""
    because = f"{failed.reporter} tried to deliver and got no answer from {where.name}. It reaches the rest of the world, so the "
    because += (
        "host is down, its firewall drops the packets, or the domain's MX record names an address where nobody is."
    )
    steps = (test_from_elsewhere(where.host or where.ip), _listener())
    belief = Belief.POSSIBLE if failed.kind == "unknown" else Belief.LIKELY
    return Finding(belief, because, (failed,), steps, weight=1.4)


def _from_outside(test: PortTest, where: Place) -> Finding:
    because = (
        f"Microsoft's analyzer connects from the Internet, and no mail server answered it on port 25 of {where.name}: "
    )
    because += "the firewall there drops the packets, or doesn't forward the port to the mail server (NAT), or nothing listens."
    steps = (
        _listener(),
        advise(
            "On the firewall, forward TCP 25 of the public address to the mail server; opening the port alone is not enough."
        ),
        test_from_elsewhere(where.host or where.ip),
    )
    return Finding(Belief.POSSIBLE, because, (test,), steps, "network", weight=1.7)


def _act(where: Place) -> Act:
    return "on-prem" if kind_of(where.ip) == "internal" else "recipient-side"


def _what_names_it() -> tuple[Step, ...]:
    return (
        look(
            "See which groups are expanded on a server of their own, and compare it with the one that is switched off.",
            "Get-DistributionGroup -ResultSize Unlimited | Where-Object {{$_.ExpansionServer}} | "
            "Format-Table Name,ExpansionServer",
        ),
        look(
            "See which Send connectors name it as their source.",
            "Get-SendConnector | Format-Table Name,Enabled,SourceTransportServers",
        ),
        look(
            "See whether mailboxes of the system, such as those for arbitration and moderation, are still on it.",
            "Get-Mailbox -Arbitration | Format-Table Name,ServerName,Database",
        ),
        advise(
            "Give what names it another server, or switch it on until nothing does; then remove it by uninstalling Exchange."
        ),
    )


def _listener() -> Step:
    return look(
        "If that server is yours: on the Exchange server behind the address, see whether something listens on port 25.",
        "Get-NetTCPConnection -LocalPort 25 -State Listen | Format-Table LocalAddress,OwningProcess; "
        "Get-Service MSExchangeFrontEndTransport | Format-Table Status,Name",
        "powershell",
    )


def _steps(where: Place) -> tuple[Step, ...]:
    name = where.host or where.ip
    return (
        test_port(name),
        test_route(name),
        test_from_elsewhere(name),
        look(
            "Check that the name still leads to that address.",
            "Resolve-DnsName {name} | Format-Table Name,Type,IPAddress,NameExchange",
            "powershell",
            name=where.host,
        ),
    )
