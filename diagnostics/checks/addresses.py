"""The addresses of a host, and the names of an address."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Final

from msgspec import Struct

from diagnostics.checks import resolver
from diagnostics.checks.run import Found, Run
from diagnostics.checks.target import is_address
from diagnostics.checks.txt import failed
from diagnostics.network import DnsReply

_MOST: Final = 8  # addresses of one host
_MOST_NAMES: Final = 5  # PTR names that are confirmed
# Of two answers for one name, the one that says more about why there is no address comes first.
_TELLING: Final = ("nxdomain", "servfail", "timeout", "refused", "nodata", "answer")


class Looked(Struct, frozen=True):
    """A and AAAA of one host. `addresses` IPv4 first; `alias` is the host at the end of its CNAMEs, "" for none."""

    ipv4: DnsReply
    ipv6: DnsReply

    @property
    def addresses(self) -> tuple[str, ...]:
        first = self.ipv4.values[: _MOST - min(len(self.ipv6.values), _MOST // 2)]
        return (*first, *self.ipv6.values)[:_MOST]

    @property
    def alias(self) -> str:
        return self.ipv4.canonical or self.ipv6.canonical

    @property
    def worst(self) -> DnsReply:
        """The answer that explains best why there is no address."""
        return min(self.ipv4, self.ipv6, key=lambda reply: _TELLING.index(reply.status))


async def look(run: Run, host: str) -> Looked:
    """Both questions side by side."""
    return Looked(*await asyncio.gather(run.resolve(host, "A"), run.resolve(host, "AAAA")))


async def addresses(run: Run, host: str) -> tuple[str, ...]:
    """The addresses of a host, at most 8. An address stands for itself."""
    if is_address(host):
        return (host,)
    looked: Looked | None = None
    async with run.attempt("address", host) as found:
        looked = await look(run, host)
        found.facts |= {"addresses": looked.addresses, "A": looked.ipv4.status, "AAAA": looked.ipv6.status}
        if looked.alias:
            found.facts["alias_of"] = looked.alias
        if not looked.addresses:
            await _explain(run, found, looked)
    return looked.addresses if looked else ()


async def _explain(run: Run, found: Found, looked: Looked) -> None:
    if looked.worst.status == "nodata":
        found.add("mx_no_address", "the name exists, but has neither an A nor an AAAA record")
        return
    await resolver.unresolved(run, found, looked.worst)


async def ptr(run: Run, ip: str) -> None:
    """Whether the address has a name, and the name leads back to it (forward-confirmed reverse DNS)."""
    async with run.attempt("ptr", ip) as found:
        reply = await run.resolve(ipaddress.ip_address(ip).reverse_pointer, "PTR")
        found.facts["names"] = names = reply.values[:_MOST_NAMES]
        if not reply.looked:
            found.unavailable(failed(reply))
        elif not names:
            found.add("ptr_missing")
        else:
            await _confirm(run, found, ip, names)


async def _confirm(run: Run, found: Found, ip: str, names: tuple[str, ...]) -> None:
    kind = "AAAA" if ":" in ip else "A"
    replies = await asyncio.gather(*(run.resolve(name, kind) for name in names))
    own = ipaddress.ip_address(ip)
    confirmed = [reply.name for reply in replies if own in map(ipaddress.ip_address, reply.values)]
    found.facts["confirmed"] = confirmed
    if confirmed:
        return
    silent = next((reply for reply in replies if not reply.looked), None)
    if silent:
        found.unavailable(failed(silent))
        return
    leads = "; ".join(f"{reply.name} leads to {', '.join(reply.values[:3]) or 'no address'}" for reply in replies)
    found.add("ptr_mismatch", leads)
