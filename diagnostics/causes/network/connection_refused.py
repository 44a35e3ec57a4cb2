"""The destination refuses the connection.

## What is happening
The packet arrived and was answered at once with a reset: nothing listens on that port, the mail service is
stopped, or a firewall on the way rejects instead of dropping. Exchange says socket error 10061, Exchange
Online says `450 4.4.316 Connection refused`, later `550 5.4.316`.

## What proves it
- socket error 10061 (`ConnectionRefused`, 0000274D) in a log, a queue or a non-delivery report

- a test of the port fails at once, as the person says who ran it, and one to another server opens
- the connection was refused before, and a test of that port fails while one to another server opens
- a Postfix there has `inet_interfaces = loopback-only`, as Debian sets it up for local mail

## Not this when
- a test of the same port, or a session with that server, from the machine that was refused, opens
- the attempt waits and then times out, 10060 (`network.connection.timeout`)
- the destination is our own server and its Front End Transport service is stopped
  (`transport-service.service.stopped`): then start that
- the server greets with 421 or 554 instead: it did accept the connection

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://learn.microsoft.com/en-us/windows/win32/winsock/windows-sockets-error-codes-2
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.internal_resolves_to_public_ip import own_name
from diagnostics.causes.network.probes import exchange_online_ranges, is_control, test_from_elsewhere, test_port
from diagnostics.causes.network.reach import (
    Place,
    kind_of,
    of_itself,
    openings,
    place_of,
    refuted,
    seen_by_admin,
    through,
    told_by_exchange_online,
)
from diagnostics.causes.recipient.lookup import is_microsoft
from diagnostics.facts import ConnectFailed, Reply, Session, SmtpReached, TlsFailed
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import Configured
from diagnostics.report import Act, Step

_TENANT = ".mail.onmicrosoft.com"
_ASKS_A_PROGRAM = "warning: connect to "  # Postfix's smtpd; of a destination its smtp says the same without a warning
_LISTENING = ("msexchangefrontendtransport", "msexchangetransport", "msexchangedelivery")


@cause(
    id="network.connection.refused",
    act="recipient-side",
    against={
        "blocked using": "is an answer, so the connection was accepted",
    },
)
def assess(
    anchor: ConnectFailed | SmtpReached | Configured,
    failures: tuple[ConnectFailed, ...],
    tests: tuple[PortTest, ...],
    reached: tuple[SmtpReached, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
    handshakes: tuple[TlsFailed, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The number says it; what remains open is whether several destinations refuse, which points nearer."""
    if isinstance(anchor, SmtpReached):
        return refuted(anchor, sessions, replies, handshakes)
    if isinstance(anchor, Configured):
        return _at_once(anchor, failures, tests)
    if anchor.kind == "unknown" and told_by_exchange_online(anchor, replies):
        where = place_of(anchor)
        because = (
            f"Exchange Online could not open a connection to port 25 of {where.name}; the reason is not told, and a "
        )
        because += "refusal is rarer than silence."
        ours = seen_by_admin(anchor, replies)
        act: Act = "network" if ours else "recipient-side"
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(where, ours), act, weight=1.0)
    if anchor.kind != "refused":
        return None
    if of_itself(anchor.ip):
        return None  # the machine itself: no connection of a network was refused
    where = place_of(anchor)
    ours = seen_by_admin(anchor, replies) or kind_of(anchor.ip) == "internal"
    if other := _explained(anchor, replies, objects, ours=ours):
        return other
    here = through(where, openings(reached, sessions, tests))
    if here:
        because = f"{where.subject} refused one attempt, but {here.words}."
        return Finding(Belief.POSSIBLE, because, (anchor, here.fact), _steps(where, ours), weight=0.9)
    closed = next((each for each in objects if each.kind == "listens-inside"), None)
    if closed:
        because = (
            f"Postfix listens on its own machine alone (inet_interfaces = {closed.name}), so whoever connects from "
        )
        because += "elsewhere is refused."
        return Finding(Belief.LIKELY, because, (anchor, closed), (_open_up(),), "on-prem", weight=1.5)
    if kept_out := next((each for each in objects if each.kind == "firewall-row" and each.failing), None):
        because = (
            f"The firewall's log shows what refuses: it keeps connections out, from {kept_out.get('From')} for one."
        )
        return Finding(Belief.POSSIBLE, because, (anchor, kept_out), _steps(where, ours), "network", weight=0.5)
    if next((each for each in objects if each.kind == "told-trial" and each.name == "firewall"), None):
        because = (
            f"With the firewall off the connection opens, as you say: it is that which rejects it, not {where.name}."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(where, ours), "network", weight=0.5)
    # An application's own mail server: its host, its port or a firewall, and no other organization's affair.
    by_client = any(each.source == anchor.source and each.kind == "client" for each in replies)
    return _answered(anchor, where, failures, ours=ours, by_client=by_client)


@shown
def tested(
    tests: tuple[PortTest, ...],
    failures: tuple[ConnectFailed, ...],
    settings: tuple[Configured, ...],
    reached: tuple[SmtpReached, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """The port that refused, tried again. A test alone doesn't tell a refusal from silence; the failure has told it, or the
    person who saw it fail at once."""
    closed = next((each for each in tests if not each.succeeded and not each.inbound), None)
    if closed and not failures:
        later_on = [each for each in openings(reached, sessions, tests) if each.fact.source.paste > closed.source.paste]
        if here := through(place_of(closed), later_on):
            because = f"{here.words[0].upper()}{here.words[1:]}: nothing refuses there any more."
            return Finding(Belief.RULED_OUT, because, (here.fact,))
    told = next((each for each in settings if each.kind == "told-at-once"), None)
    refused = next((each for each in reversed(failures) if each.kind == "refused"), closed if told else None)
    later = [each for each in tests if refused and each.source.paste > refused.source.paste and not each.inbound]
    mine = [each for each in later if refused and _same_port(each, refused)]
    if refused is None or not mine:
        return None
    last = mine[-1]
    where = place_of(last)
    if last.succeeded:
        because = f"Port {last.port} of {where.name} opens now: nothing refuses there any more."
        return Finding(Belief.RULED_OUT, because, (last,))
    control = next((each for each in later if each.succeeded and each.port == last.port), None)
    if control is None:
        return None
    ours = of_itself(last.ip) or kind_of(last.ip) == "internal"
    because = f"The connection was refused, and port {last.port} of {where.name} stays closed, while that of "
    because += f"{place_of(control).name} opens: nothing listens there, or a firewall rejects it."
    return Finding(Belief.LIKELY, because, (refused, last, control), _steps(where, ours))


def _at_once(told: Configured, failures: tuple[ConnectFailed, ...], tests: tuple[PortTest, ...]) -> Finding | None:
    """A tool that doesn't say why it failed, and a person who saw that it did so at once."""
    closed = next((each for each in tests if not each.succeeded and not each.inbound), None)
    if told.kind != "told-at-once" or closed is None or failures:
        return None
    where = place_of(closed)
    because = f"The connection to port {closed.port} of {where.name} fails at once, as you say: silence would take its time, so "
    because += "it is refused. Nothing listens there, or a firewall rejects it."
    ours = of_itself(closed.ip) or kind_of(closed.ip) == "internal"
    return Finding(Belief.POSSIBLE, because, (closed, told), _steps(where, ours), weight=1.6)


def _same_port(test: PortTest, refused: ConnectFailed | PortTest) -> bool:
    """Whether the test is of what refused. Where that has no name, it is each test but the one of the control."""
    where = place_of(refused)
    named = place_of(test).is_same(where) if where.site else not is_control(test.host)
    return named and test.port == (refused.port or 25)


def _answered(
    anchor: ConnectFailed, where: Place, failures: tuple[ConnectFailed, ...], *, ours: bool, by_client: bool
) -> Finding:
    refusing = {place_of(each).site for each in failures if each.kind == "refused"} - {""}
    if len(refusing) > 1 and not ours:
        because = f"{len(refusing)} unrelated destinations refuse at once: a device near this server may reject it."
        return Finding(Belief.POSSIBLE, because, tuple(failures), _steps(where, ours), "network", weight=1.2)
    number = f" (socket error {anchor.winsock})" if anchor.winsock else ""
    because = f"{where.subject} answered the connection with a refusal{number}: "
    because += "nothing listens there, or a firewall rejects it."
    cloud = (
        kind_of(anchor.ip) == "exchange-online" or is_microsoft(anchor.host) or anchor.host.lower().endswith(_TENANT)
    )
    if cloud and not ours:
        because += " Exchange Online itself takes every connection: something on the way out rejects it, or the name "
        because += "leads elsewhere."
    act: Act = "on-prem" if ours else "network" if by_client or cloud else "recipient-side"
    return Finding(Belief.LIKELY, because, (anchor,), _steps(where, ours), act, weight=1.3 if anchor.ip else 1.2)


def _open_up() -> Step:
    return change(
        "Let Postfix listen for others, if it is to take mail from outside; port 25 has to be forwarded to it besides.",
        "",
        shell="portal",
        changes="In main.cf: inet_interfaces = all; a restart of Postfix makes it known.",
        undo="Write the former value back, and restart Postfix.",
        verify="From another machine, a connection to port 25 shows the banner.",
    )


def _explained(
    anchor: ConnectFailed, replies: tuple[Reply, ...], objects: tuple[Configured, ...], *, ours: bool
) -> Finding | None:
    """What else was refused: mail, by a server that did answer, or a connection to our own stopped service."""
    reply = next((each for each in replies if each.source == anchor.source), None)
    if reply and not anchor.winsock and reply.code >= 500 and not reply.enhanced.startswith("5.4."):
        because = f"The server answered with {reply.code}: it did accept the connection, and refused the mail."
        return Finding(Belief.RULED_OUT, because, (reply,))
    if _ASKS_A_PROGRAM in anchor.source.quote:
        because = f"What refused is a program that the relay asks about messages ({place_of(anchor).name}), and no mail server."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    mine = own_name(objects, (anchor,), replies)
    if mine:
        because = (
            f"Mail does not come in, as you say, and your own server was refused at {anchor.host}: if that is its own "
        )
        because += "name, nothing listens there, or a firewall rejects what comes from inside."
        return Finding(
            Belief.POSSIBLE, because, (anchor, mine[0]), _steps(place_of(anchor), True), "on-prem", weight=1.5
        )
    down = next((each for each in objects if _stopped(each)), None) if ours else None
    if down:
        because = f"{_stopped(down)} is not running on our own server: that is why nothing listens there."
        return Finding(Belief.RULED_OUT, because, (down, anchor))
    return None


def _stopped(entry: Configured) -> str:
    """The stopped service that other servers connect to, "" when it shows none."""
    if entry.kind == "windows-service":
        names: tuple[str, ...] = (entry.name,) if entry.failing else ()
    else:
        names = entry.items("ServicesNotRunning") if entry.kind == "service-health" else ()
    return next((each for each in names if each.lower() in _LISTENING), "")


def _steps(where: Place, ours: bool) -> tuple[Step, ...]:
    name = where.host or where.ip
    if not ours:
        return (
            test_port(name),
            test_from_elsewhere(name),
            look(
                "Check that the name still leads to that address; if it does, tell the destination that its "
                "port 25 refuses.",
                "Resolve-DnsName {name} | Format-Table Name,Type,IPAddress,NameExchange",
                "powershell",
                name=where.host,
            ),
        )
    return (
        look(
            "On the Exchange server behind that address, see whether something listens on port 25.",
            "Get-NetTCPConnection -LocalPort 25 -State Listen | Format-Table LocalAddress,OwningProcess; "
            "Get-Service MSExchangeFrontEndTransport | Format-Table Status,Name",
            "powershell",
        ),
        look(
            "See the state of its transport components.",
            "Get-ServerComponentState {server} -Component FrontendTransport | Format-List Component,State",
            server="",
        ),
        test_from_elsewhere(name),
        exchange_online_ranges(),
    )
