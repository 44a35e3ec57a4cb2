"""The mail goes over IPv6, where it is refused or finds no way.

## What is happening
The sending server used IPv6. Receivers are stricter there: Exchange Online wants SPF or DKIM to pass
(`4.7.26`), a domain may take no mail over IPv6 at all (`5.7.510`), Gmail wants reverse DNS. Or the server has
an IPv6 address but no route, so every attempt to an AAAA address ends with socket error 10051 before it falls
back to IPv4.

## What proves it
- the refusal says IPv6
- the refusal has a number of such a policy (5.7.510), and a test of the port goes to an IPv6 address
- the address that was tried is IPv6, and the error is 10051; IPv4 to the same domain works (as somebody tells it, too)

## Not this when
- the network was unreachable before, and a test of the port gets there over IPv6 now
- a test of the port goes to an IPv4 address, and this server has no route over IPv6, or the destination no such address
- the address that was tried is IPv4: then the route itself is missing
- only reverse DNS is named: `dns.ptr.missing-or-mismatched` holds for both

## References
- https://learn.microsoft.com/en-us/microsoft-365/security/office-365-security/support-for-anonymous-inbound-email-messages-over-ipv6
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://support.google.com/mail/answer/81126
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.reach import is_ipv6, kind_of, no_route, opening_of, place_of
from diagnostics.facts import ConnectFailed, Reply, Said, Session, SmtpReached
from diagnostics.looked_facts import DnsAnswer, PortTest
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_NO_ROUTE = 10051
_CLIENT = linear(r"(?i)\[(?:IPv6:)?([0-9a-f]{1,4}:[0-9a-f:]{3,40})\]")
_POLICY = ("5.7.25", "4.7.25", "5.7.26", "4.7.26", "5.7.23")
_GUIDELINES = "meet IPv6 sending guidelines"
_LATER = "4.7.0 Try again later, closing connection"
_GOOGLE = (".google.com", ".gmail.com")
_ELSEWHERE = "; that is this server's own route or address family"

_CONNECTED = linear(r"(?i)\bconnected to \[?(?:\d{1,3}\.){3}\d{1,3}\b")


@cause(
    id="network.ipv6.policy-or-path",
    act="on-prem",
    says=(
        "does not accept email over IPv6",
        "a message sent over IPv6",
        "sent over IPv6",
        "5.7.510",
        _GUIDELINES,
        _LATER,
    ),
)
def assess(
    anchor: Said | ConnectFailed | Reply | Configured,
    reached: tuple[SmtpReached, ...],
    sessions: tuple[Session, ...],
    answers: tuple[DnsAnswer, ...],
    failures: tuple[ConnectFailed, ...],
    settings: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The words, or an IPv6 address without a route."""
    if isinstance(anchor, Said):
        mine = [each.ip for each in replies if each.source == anchor.source and each.ip]
        return _from_words(anchor, answers, settings, mine)
    if isinstance(anchor, Configured):
        return _told(anchor) if anchor.kind == "told-ipv6" else _greeted(anchor)
    if isinstance(anchor, Reply):
        return _strict(anchor)
    if anchor.winsock != _NO_ROUTE and not no_route(anchor):
        return _silent(anchor, reached, sessions, failures, replies)
    where = place_of(anchor)
    if not anchor.ip:
        because = (
            "The network was unreachable (10051): usually an IPv6 address, tried by a server without an IPv6 route."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=1.6)
    if not is_ipv6(anchor.ip):
        return Finding(Belief.RULED_OUT, f"The address that was tried, {anchor.ip}, is IPv4.", (anchor,))
    over_ipv4 = next((o for each in reached if (o := opening_of(each, sessions)) and not is_ipv6(o.place.ip)), None)
    because = f"{where.name} is an IPv6 address, and this server has no route to it"
    if over_ipv4:
        return Finding(
            Belief.CONFIRMED,
            f"{because}, while {over_ipv4.words}.",
            (anchor, over_ipv4.fact),
            _steps(anchor.host),
        )
    answered = next(
        (each for each in replies if each.code and each.ip and kind_of(each.ip) and not is_ipv6(each.ip)), None
    )
    if answered:
        because = (
            f"Over IPv4 the session came through: {answered.ip} answered with {answered.code}, and that is the matter."
        )
        return Finding(Belief.RULED_OUT, because, (answered,))
    neither = next((each for each in failures if each.ip and not is_ipv6(each.ip)), None)
    if neither:
        because += f"; but IPv4 ({neither.ip}) fails as well, which is the way that counts."
        return Finding(Belief.POSSIBLE, because, (anchor, neither), _steps(anchor.host), weight=1.0)
    return Finding(Belief.LIKELY, f"{because}{_ELSEWHERE}.", (anchor,), _steps(anchor.host), weight=1.5)


@shown
def family(
    tests: tuple[PortTest, ...],
    answers: tuple[DnsAnswer, ...],
    errors: tuple[CommandError, ...],
    replies: tuple[Reply, ...],
    failures: tuple[ConnectFailed, ...],
) -> Finding | None:
    """By which family this server goes to the destination. Windows takes IPv6 wherever both ends have it."""
    tested = next((each for each in reversed(tests) if each.succeeded and each.ip and each.source.paste > 0), None)
    if tested is None:
        return None
    where = place_of(tested).name
    refused = next((each for each in replies if each.failing and _of_policy(each)), None)
    unreachable = [each for each in failures if each.winsock == _NO_ROUTE and (not each.ip or is_ipv6(each.ip))]
    without = next((each for each in errors if each.cmdlet == "Get-NetRoute" and "::/0" in each.text), None)
    if unreachable and not refused:
        return _path(tested, unreachable[0], without, [each for each in tests if each.host == tested.host], answers)
    if is_ipv6(tested.ip):
        because = f"This server goes to {where} over IPv6, and what was refused is judged more strictly there."
        return Finding(Belief.LIKELY, because, (tested, refused), _steps(tested.host)) if refused else None
    v6 = any(is_ipv6(each.ip) for each in failures) or any(_CLIENT.search(each.whole[:4000]) for each in replies)
    nowhere = next((each for each in answers if each.error == "no records" and each.asked in ("", "AAAA")), None)
    if v6 or not (without or nowhere):
        return None
    because = f"This server reaches {where} over IPv4"
    because += ", and has no route to any IPv6 address." if without else ", and the host has no IPv6 address."
    return Finding(Belief.RULED_OUT, because, (tested, without or nowhere))


def _path(
    tested: PortTest,
    failed: ConnectFailed,
    without: CommandError | None,
    tests: list[PortTest],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    """The network was unreachable before: the address that was tried may have been left out or cut, and the test has it."""
    where = place_of(tested).name
    if is_ipv6(tested.ip):
        because = f"This server goes to {where} over IPv6, and gets there."
        return Finding(Belief.RULED_OUT, because, (tested,))
    tried = next((each for each in tests if not each.succeeded and is_ipv6(each.ip)), None)
    known = next((each for each in answers if each.name == tested.host and each.values("AAAA")), None)
    if not known and not tried:
        return None
    because = f"{tested.host or 'The host'} has an IPv6 address, and this server has no route to any"
    because = because if without else f"This server does not get to {tried.ip if tried else 'the IPv6 address'}"
    because += f", while it reaches {where} over IPv4."
    sure = Belief.CONFIRMED if without else Belief.LIKELY
    if not (without or tried):
        return None
    return Finding(sure, because, (failed, without or tried, tested), _steps(tested.host), weight=1.6)


def _of_policy(reply: Reply) -> bool:
    """Whether a refusal is one that depends on the family: it says so, or bears a number that only such ones have."""
    return "ipv6" in reply.whole.lower() or reply.enhanced in ("5.7.510", "4.7.26", "5.7.26", "4.7.25", "5.7.25")


def _silent(
    failed: ConnectFailed,
    reached: tuple[SmtpReached, ...],
    sessions: tuple[Session, ...],
    failures: tuple[ConnectFailed, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """An IPv6 address that does not answer, beside an IPv4 address of the same host that does."""
    if not is_ipv6(failed.ip):
        return None
    because = f"{failed.ip}, an IPv6 address, does not answer"
    mine = next(
        (each for each in replies if each.source == failed.source and _CONNECTED.search(each.whole[:4000])), None
    )
    opened = (o for each in reached if (o := opening_of(each, sessions)) and o.place.ip and not is_ipv6(o.place.ip))
    over_ipv4 = None if mine else next(opened, None)
    if mine or over_ipv4:
        words = over_ipv4.words if over_ipv4 else "the connection over IPv4 opens"
        because += (
            f", while {words}: mail does not get out of here over IPv6 (many networks block port 25 there alone)."
        )
        return Finding(
            Belief.LIKELY, because, (failed, over_ipv4.fact if over_ipv4 else mine), _steps(failed.host), weight=1.6
        )
    if any(each.ip and not is_ipv6(each.ip) for each in failures):
        return None
    because += "; where the host's IPv4 address does, mail does not get out of here over IPv6."
    return Finding(Belief.POSSIBLE, because, (failed,), _steps(failed.host), weight=1.3)


def _from_words(
    said: Said, answers: tuple[DnsAnswer, ...], settings: tuple[Configured, ...], spoken_to: Sequence[str]
) -> Finding | None:
    if said.signature == _GUIDELINES:
        return _guided(said, answers)
    if said.signature == _LATER:
        return None if any(not is_ipv6(ip) for ip in spoken_to) else _put_off(said, settings)
    return _refused(said)


def _put_off(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """Google turns a client away at its connection and doesn't tell why; over IPv6 it does so to most that lack reverse DNS."""
    told = next((each.name.lower() for each in settings if each.kind == "told-destination"), "")
    if not f".{(said.by or said.host or told).lower()}".endswith(_GOOGLE):
        return None
    because = "Google turns the session away at its beginning and gives no reason; it does so more often over IPv6, to addresses "
    because += "without reverse DNS above all."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.1)


def _told(told: Configured) -> Finding:
    """Switching IPv6 off by the registry leaves the AAAA look-up of the transport service as it is."""
    because = "As you tell it, the server goes to the destination's IPv6 address and gets nowhere"
    if told.flag("Over4"):
        because += ", while the same mail arrives over IPv4: this server has no way out over IPv6."
        return Finding(Belief.LIKELY, because, (told,), _steps(""), weight=1.5)
    because += "; if the same mail arrives over IPv4, it is this server's own way out."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


def _greeted(tried: Configured) -> Finding | None:
    """The same server by both families, tried by hand."""
    if tried.kind != "greetings" or tried.get("IPv4") != "220":
        return None
    because = (
        f"Over IPv6 the server turns this sender away at once ({tried.get('IPv6')}), and over IPv4 it greets (220): it "
    )
    because += "judges the IPv6 address, which mostly has no reverse DNS or no reputation."
    return Finding(Belief.LIKELY, because, (tried,), _steps(""), weight=1.8)


def _refused(said: Said) -> Finding:
    if "ipv6" not in said.text.lower():
        because = "Exchange Online gives 5.7.510 where the recipient's domain takes no mail over IPv6; the words don't say so."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.0)
    if "accept email over IPv6" in said.text or "5.7.510" in said.text:
        because = "The recipient's domain takes no mail over IPv6 (5.7.510), and this message came over IPv6."
    else:
        because = (
            "The message was sent over IPv6 and passed neither SPF nor DKIM, which is asked of every message over IPv6."
        )
    return Finding(Belief.CONFIRMED, because, (said,), _steps(said.host))


def _guided(said: Said, answers: tuple[DnsAnswer, ...]) -> Finding:
    """Gmail asks two things of IPv6 in one sentence: a PTR record, and SPF or DKIM."""
    because = "The message was sent over IPv6, where the receiver asks for reverse DNS and for SPF or DKIM"
    named = next((each for each in answers if each.ok and each.name.lower().rstrip(".").endswith(".ip6.arpa")), None)
    if named is None:
        because += "; which of them is missing is not told yet."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.9)
    because += "; the address has its reverse DNS, so SPF and DKIM did not pass."
    return Finding(Belief.LIKELY, because, (said, named), _steps(said.host), weight=1.3)


def _strict(reply: Reply) -> Finding | None:
    """A refusal for missing authentication or reverse DNS that names an IPv6 client."""
    client = _CLIENT.search(reply.whole[:4000]) if reply.enhanced in _POLICY else None
    if client is None or not is_ipv6(client.group(1)):
        return None
    because = f"The sender's address is IPv6 ({client.group(1)}), where this check is stricter; over IPv4 it may pass."
    return Finding(Belief.POSSIBLE, because, (reply,), _steps(""), "sender", weight=0.4)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "See whether the destination has IPv6 addresses, and whether this server has a route to any.",
            "Resolve-DnsName {host} -Type AAAA; Get-NetRoute -AddressFamily IPv6 -DestinationPrefix '::/0'; "
            "Test-NetConnection {host} -Port 25",
            "powershell",
            host=host,
        ),
        change(
            "To go on with IPv6, publish SPF (ip6:) and a PTR record for the address that sends, and sign with DKIM.",
            "",
            shell="dns-record",
            changes="Receivers can check mail from the IPv6 address.",
            undo="Remove the records.",
            verify="A message over IPv6 is accepted, with spf=pass or dkim=pass in its headers.",
        ),
        change(
            "Or send over IPv4 only: refuse SMTP to the IPv6 Internet on the sending server, so that transport goes on with the "
            "destination's IPv4 address. IPv6 stays on in Windows. (An Edge server's Send connector can be bound instead: "
            "SourceIPAddress.)",
            "New-NetFirewallRule -DisplayName 'No SMTP to the IPv6 Internet' -Direction Outbound -Protocol TCP -RemotePort 25 "
            "-RemoteAddress '2000::/3' -Action Block",
            shell="powershell",
            changes="Connections from this server to port 25 of public IPv6 addresses fail at once; those inside still work.",
            undo="Remove-NetFirewallRule -DisplayName 'No SMTP to the IPv6 Internet'",
            verify="The protocol log shows IPv4 endpoints, and the message is accepted.",
        ),
    )
