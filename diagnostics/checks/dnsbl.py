"""Whether an address is on a block list that DNS answers for (RFC 5782).

An answer in 127.0.0.0/8 is a listing, but for the codes that lists use to turn a resolver away; an answer from anywhere
else is a list that is gone, or a resolver that redirects what does not exist.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Final

from msgspec import Struct

from diagnostics.checks.run import Run
from diagnostics.checks.txt import failed, shown
from diagnostics.network import DnsReply

_MOST_ZONES: Final = 20
_LONGEST: Final = 200  # characters of a list's reason
_LISTING: Final = ipaddress.IPv4Network("127.0.0.0/8")
_ERRORS: Final = {
    "127.0.0.1": "the list refuses the query",  # URIBL's and SURBL's word; RFC 5782 keeps it out of listings
    "127.255.255.252": "the list's zone is misspelt",
    "127.255.255.253": "the list refuses the query",
    "127.255.255.254": "the list refuses queries through a public resolver",
    "127.255.255.255": "the list refuses queries because there were too many",
}
_IPV4_ONLY: Final = frozenset({"bl.spamcop.net", "psbl.surriel.com", "b.barracudacentral.org"})


class _Verdict(Struct, frozen=True):
    """One list's word. `state` is "clean", "listed", "refused", "unknown" or "not asked"."""

    zone: str
    state: str
    codes: tuple[str, ...] = ()
    says: str = ""

    def __str__(self) -> str:
        told = ", ".join(filter(None, (*self.codes, self.says)))
        return f"{self.zone} ({told})" if told else self.zone


async def dnsbl(run: Run, ip: str) -> None:
    """Asks every zone of Options.dnsbl_zones, at most 20, side by side."""
    async with run.attempt("dnsbl", ip) as found:
        zones = tuple(dict.fromkeys(zone.strip(". ").lower() for zone in run.options.dnsbl_zones))[:_MOST_ZONES]
        verdicts = await asyncio.gather(*(_ask(run, ip, zone) for zone in zones))
        found.facts["zones"] = {
            each.zone: {"state": each.state, "codes": each.codes, "says": each.says} for each in verdicts
        }
        listed = [each for each in verdicts if each.state == "listed"]
        refused = [each for each in verdicts if each.state == "refused"]
        if listed:
            found.add("dnsbl_listed", "; ".join(map(str, listed)))
        if refused:
            found.add("dnsbl_query_refused", "; ".join(map(str, refused)))
        if not zones:
            found.skip("no block list is configured (MAILFLOW_DNSBL_ZONES)")
        elif all(each.state in ("unknown", "not asked") for each in verdicts):
            found.unavailable("; ".join(f"{each.zone}: {each.says}" for each in verdicts))


async def _ask(run: Run, ip: str, zone: str) -> _Verdict:
    if ":" in ip and zone in _IPV4_ONLY:
        return _Verdict(zone, "not asked", says="the list holds IPv4 addresses only")
    name = f"{_reversed(ip)}.{zone}"
    reply = await run.resolve(name, "A")
    if not reply.looked:
        return _Verdict(zone, "unknown", says=failed(reply))
    if reply.status != "answer":
        return _Verdict(zone, "clean")
    return await _answered(run, ip, zone, reply)


async def _answered(run: Run, ip: str, zone: str, reply: DnsReply) -> _Verdict:
    codes = reply.values[:8]
    error = next((_ERRORS[code] for code in codes if code in _ERRORS), "")
    if error:
        return _Verdict(zone, "refused", codes, error)
    if not all(ipaddress.ip_address(code) in _LISTING for code in codes):
        return _Verdict(zone, "refused", codes, "the answer is no listing: the list is gone, or the resolver redirects")
    everything, reason = await asyncio.gather(_lists_everything(run, ip, zone), run.resolve(reply.name, "TXT"))
    if everything:
        return _Verdict(zone, "refused", codes, "the list holds every address, so it is out of service")
    return _Verdict(zone, "listed", codes, shown(next(iter(reason.values), ""), _LONGEST))


async def _lists_everything(run: Run, ip: str, zone: str) -> bool:
    """RFC 5782, 5: a list in service never holds 127.0.0.1. An address of a lab can't be told apart this way."""
    if ipaddress.ip_address(ip).is_loopback:
        return False
    return (await run.resolve(f"1.0.0.127.{zone}", "A")).status == "answer"


def _reversed(ip: str) -> str:
    pointer = ipaddress.ip_address(ip).reverse_pointer
    return pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
