"""Who was tried, and how far it got: what every cause about the way to the other server is judged by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final, Literal

from msgspec import Struct

from diagnostics.cause import Belief, Finding
from diagnostics.facts import ConnectFailed, Fact, Reply, Session, SmtpReached, Stage, TlsFailed
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear

Kind = Literal["internal", "exchange-online", "public", ""]

# Endpoint set "Exchange Online, TCP 25": https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges
_EXCHANGE_ONLINE: Final = tuple(
    map(
        ip_network,
        (
            "40.92.0.0/15",
            "40.107.0.0/16",
            "52.100.0.0/14",
            "52.238.78.88/32",
            "104.47.0.0/17",
            "2a01:111:f400::/48",
            "2a01:111:f403::/48",
        ),
    )
)
_INTERNAL: Final = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",  # site-local, as Windows lists on its loopback
            "::1/128",
        ),
    )
)
_BY_EXCHANGE_ONLINE = linear(r"\b[45]\.4\.3[0-2]\d\b|\.prod\.(?:protection\.)?outlook\.com \d{4}-\d\d-\d\dT")
# Words of replies that blame the connection itself.
_DOUBT: Final = (
    "to connect",
    "t connect",
    "connection timed out",
    "connection refused",
    "expired",
    "delayed",
    "socket error",
)
# Gateways and filters, of a server to which the connection opened and that then said nothing: each with the step it waited at.
UNANSWERED: Final = (
    "[internal] no banner",
    "Expected Service Banner was not received",  # Microsoft's connectivity analyzer
    "no HELO/EHLO response",
    "No response to HELO/EHLO",
    "no MAIL FROM response",
    "no RCPT TO response",
    "no BODY response",
    # of clients
    "Timeout waiting for server response",  # swaks
    "Timeout while reading from",  # sendEmail
    "Net::ReadTimeout",
)
_WORDS: Final = {
    Stage.BANNER: "the server's banner",
    Stage.EHLO: "the EHLO reply",
    Stage.STARTTLS: "STARTTLS",
    Stage.SECURED: "an encrypted session",
    Stage.MAIL: "MAIL FROM",
    Stage.RECIPIENT: "RCPT TO",
    Stage.DATA: "the message itself",
    Stage.DELIVERED: "delivery",
}


@lru_cache(maxsize=1024)
def kind_of(ip: str) -> Kind:
    """Whose address it is; "" where it is masked, missing or no address."""
    try:
        address = ip_address(ip.strip("[]").partition("%")[0])
    except ValueError:
        return ""
    if any(address in network for network in _INTERNAL if network.version == address.version):
        return "internal"
    online = any(address in network for network in _EXCHANGE_ONLINE if network.version == address.version)
    return "exchange-online" if online else "public"


def of_itself(ip: str) -> bool:
    """Whether an address leads back to the machine that uses it."""
    return ip.startswith("127.") or ip == "::1"


def is_ipv6(ip: str) -> bool:
    return ip.count(":") > 1 and kind_of(ip) != ""


def no_route(failed: ConnectFailed) -> bool:
    """Whether this machine itself had no way to an IPv6 address (10051 on Windows): no packet was sent."""
    return failed.kind == "unreachable" and failed.winsock in (0, 10051) and is_ipv6(failed.ip)


@lru_cache(maxsize=1024)
def site(ip: str) -> str:
    """The network an address belongs to: one destination has several addresses. "" where it is not known."""
    kind = kind_of(ip)
    if not kind:
        return ""
    if kind == "exchange-online":
        return "Exchange Online"
    return str(ip_network(f"{ip.strip('[]').partition('%')[0]}/{48 if is_ipv6(ip) else 24}", strict=False))


class Place(Struct, frozen=True):
    """A destination as far as the text names it."""

    ip: str = ""
    host: str = ""

    @property
    def name(self) -> str:
        if self.host and self.ip:
            return f"{self.host} ({self.ip})"
        return self.host or self.ip or "the destination"

    @property
    def subject(self) -> str:
        """The name as a sentence begins with it; a host keeps its letters."""
        return self.name if self.host or self.ip else "The destination"

    @property
    def site(self) -> str:
        return site(self.ip) or self.host.casefold()

    def is_same(self, other: Place) -> bool:
        """Whether both are known and mean the same destination. A masked place is no other's."""
        hosts = bool(self.host) and self.host.casefold() == other.host.casefold()
        return hosts or (bool(site(self.ip)) and site(self.ip) == site(other.ip))


class Opening(Struct, frozen=True):
    """A connection of ours to port 25 that opened."""

    place: Place
    fact: SmtpReached | PortTest

    @property
    def words(self) -> str:
        if isinstance(self.fact, PortTest):
            return f"port 25 of {self.place.name} opened when it was tested by hand"
        at = f" of {self.fact.at}" if self.fact.at else ""
        by = f" on `{self.fact.connector}`" if self.fact.connector else ""
        where = f" with {self.place.name}" if self.place.site else ""
        return f"the session{at}{by}{where} reached {_WORDS.get(self.fact.stage, 'the server')}"


def place_of(fact: ConnectFailed | PortTest) -> Place:
    return Place(fact.ip, fact.host)


def switched_off(failed: ConnectFailed | PortTest, settings: Iterable[Configured]) -> Configured | None:
    """Where the person tells of an Exchange server that is switched off, and the one that was tried may be it."""
    if kind_of(failed.ip) not in ("", "internal") or (isinstance(failed, PortTest) and failed.succeeded):
        return None
    return next((each for each in settings if each.kind == "told-off"), None)


def opening_of(reached: SmtpReached, sessions: Iterable[Session]) -> Opening | None:
    """The opening that a session is, None for a session that came to us or stayed inside."""
    if reached.direction == "receive" or reached.stage < Stage.BANNER:
        return None
    mine = [
        s for s in sessions if (s.session, s.connector, s.began) == (reached.session, reached.connector, reached.at)
    ]
    ip = mine[-1].remote_ip if mine else ""
    return None if kind_of(ip) == "internal" else Opening(Place(ip, reached.host), reached)


def openings(reached: Iterable[SmtpReached], sessions: Sequence[Session], tests: Iterable[PortTest]) -> list[Opening]:
    """Every outbound connection to port 25 that opened, by transport or by hand."""
    known: dict[tuple[str, str, str], list[Session]] = defaultdict(list)
    for session in sessions:
        known[session.session, session.connector, session.began].append(session)
    found = [opening for each in reached if (opening := opening_of(each, known[each.session, each.connector, each.at]))]
    tried = [each for each in tests if each.succeeded and each.port == 25 and kind_of(each.ip) != "internal"]
    return found + [Opening(place_of(each), each) for each in tried]


def through(where: Place, opened: Sequence[Opening]) -> Opening | None:
    """The last opening to this very destination."""
    return next((each for each in reversed(opened) if each.place.is_same(where)), None)


def by_exchange_online(text: str) -> bool:
    """Whether Exchange Online speaks, by its own numbers (4.4.300 to 4.4.329, 5.4.3xx) or its server tag."""
    return bool(_BY_EXCHANGE_ONLINE.search(text))


def told_by_exchange_online(fact: Fact, replies: Iterable[Reply]) -> bool:
    """Whether the reply that `fact` was read from is one of Exchange Online's."""
    return any(each.source == fact.source and by_exchange_online(each.whole) for each in replies)


def told_crossing(settings: Iterable[Configured]) -> Configured | None:
    """That mail passes between the premises and the cloud, where the person says so."""
    return next((each for each in settings if each.kind == "told-crossing"), None)


def from_cloud(settings: Iterable[Configured]) -> Configured | None:
    """That it goes from Exchange Online to one's own servers."""
    return told_crossing(each for each in settings if each.get("From") == "cloud")


def without_cloud(failures: Iterable[ConnectFailed], replies: Iterable[Reply]) -> list[ConnectFailed]:
    """The failures that no reply of Exchange Online's tells: our own. Linear in both."""
    cloud = {each.source for each in replies if by_exchange_online(each.whole)}
    return [each for each in failures if each.source not in cloud]


def seen_by_admin(fact: Fact, replies: Iterable[Reply]) -> bool:
    """Whether Exchange Online's reply stands in a trace or last error, as admins see them for their own connectors.

    A non-delivery report of the same failure mostly speaks of somebody else's server.
    """
    mine = [each for each in replies if each.source == fact.source and by_exchange_online(each.whole)]
    return any(each.kind in ("queue", "trace") or "{LED=" in each.whole for each in mine)


def refuted(
    reached: SmtpReached,
    sessions: Iterable[Session],
    replies: Iterable[Reply],
    handshakes: Iterable[TlsFailed],
) -> Finding | None:
    """Ruled out, because a session of ours got through. Said only where something made the connection doubtful."""
    opening = opening_of(reached, sessions)
    doubtful = [each for each in replies if each.failing and any(word in each.whole.lower() for word in _DOUBT)]
    failed = [each for each in handshakes if each.direction != "receive"]
    if opening is None or not (doubtful or failed):
        return None
    because = f"{opening.words[0].upper()}{opening.words[1:]}, so TCP to port 25 works."
    return Finding(Belief.RULED_OUT, because, (reached,))
