"""Where a check may connect at all. Decided on the address that is connected to, after resolution.

Only public addresses, unless the operator allows a network; only the ports of mail. What DNS, a certificate or a
stranger says can't lead anywhere else: `Guarded` is the only way to a connection, and it knows no names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from diagnostics.network import DnsReply, Network, Stream

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS: Final = frozenset({25, 465, 587, 443})  # SMTP, submission, and HTTPS for MTA-STS and autodiscover

# Metadata services answer on public-looking or link-local addresses; none is ever a mail server. Azure's wire server,
# Alibaba's and Oracle's are outside of what `is_global` refuses.
_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_EMBEDDING: Final = (_NAT64, ipaddress.IPv6Network("::/96"))
# What IANA gives out as global unicast. Python calls much of the rest global too: site-local fec0::/10, NAT64 of one's own.
_GIVEN_OUT: Final = (ipaddress.IPv6Network("2000::/3"), _NAT64)


class OutOfScopeError(Exception):
    """The address or port may not be connected to; the text says why and what the operator can do."""


class Scope(Struct, frozen=True):
    """`allow` opens networks that are closed by default, `deny` closes more and wins. `ports` says which real port
    stands for a port of mail (25 -> 2525 in a lab); `more_ports` may be named in a target as well."""

    allow: tuple[IpNetwork, ...] = ()
    deny: tuple[IpNetwork, ...] = ()
    ports: Mapping[int, int] = field(default_factory=dict)
    more_ports: frozenset[int] = frozenset()

    def real_port(self, port: int) -> int:
        return self.ports.get(port, port)

    def refusal(self, address: str, port: int) -> str:
        """Why this may not be connected to, in one sentence; "" when it may."""
        if port not in PORTS | set(self.ports) | set(self.ports.values()) | self.more_ports:
            return f"Port {port} is not a port of mail; only {', '.join(map(str, sorted(PORTS)))} are checked."
        try:
            outer = ipaddress.ip_address(address)
        except ValueError:
            return "This is not an IP address."
        ip = inner(outer)
        if any(each in network for network in self.deny for each in (outer, ip)):
            return f"{address} is in a network that the operator closed (MAILFLOW_CHECK_DENY)."
        if any(each in network for network in self.allow for each in (outer, ip)):
            return ""
        if not (_public(outer) and _public(ip)):
            return f"{address} is not a public address; the operator can allow its network (MAILFLOW_CHECK_ALLOW)."
        return ""


def _public(ip: Address) -> bool:
    given_out = ip.version == 4 or any(ip in network for network in _GIVEN_OUT)
    return given_out and ip.is_global and not ip.is_multicast and ip not in _METADATA


def inner(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64): that is where packets end."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip.sixtofour:
        return ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


class Guarded:
    """A network that opens only what the scope permits. `port` is a port of mail; the scope knows the real one."""

    def __init__(self, network: Network, scope: Scope) -> None:
        self._network = network
        self.scope = scope

    async def resolve(self, name: str, type: str, *, unchecked: bool = False) -> DnsReply:  # noqa: A002  the DNS's own word
        return await self._network.resolve(name, type, unchecked=unchecked)

    async def connect(self, address: str, port: int) -> Stream:
        """Raises OutOfScopeError before anything is sent, or OSError."""
        refusal = self.scope.refusal(address, port)
        if refusal:
            raise OutOfScopeError(refusal)
        return await self._network.connect(address, self.scope.real_port(port))
