"""Where a domain's mail goes: its MX records, and whether each of them can be followed."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any, Final

from msgspec import Struct, field

from diagnostics.checks import resolver
from diagnostics.checks.addresses import Looked, look
from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.run import Found, Run
from diagnostics.checks.target import is_address
from diagnostics.checks.txt import failed
from diagnostics.network import DnsReply

_MOST: Final = 10  # hosts that are looked at; no domain needs more


class Exchanger(Struct, frozen=True):
    """One mail server of a domain, as senders see it. `addresses` is empty where it has none."""

    host: str
    preference: int
    addresses: tuple[str, ...]


class _Seen(Struct):
    """One MX record: what was found wrong with it, in words by outcome."""

    exchanger: Exchanger
    faults: dict[Outcome, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    has_ipv4: bool = False  # or might have: only a known "no" counts


async def exchangers(run: Run, domain: str) -> tuple[Exchanger, ...]:
    """The domain's mail servers, best preference first, at most 10; without an MX record the domain itself (RFC 5321, 5.1).

    Empty where the domain takes no mail, or could not be resolved.
    """
    seen: tuple[_Seen, ...] = ()
    async with run.attempt("mx", domain) as found:
        reply = await run.resolve(domain, "MX")
        if reply.status == "answer":
            seen = await _records(run, found, reply)
        elif reply.status == "nodata":
            seen = await _implicit(run, found, domain)
        else:
            await resolver.unresolved(run, found, reply)
        found.facts["hosts"] = [_told(each) for each in seen]
    return tuple(each.exchanger for each in seen)


async def _records(run: Run, found: Found, reply: DnsReply) -> tuple[_Seen, ...]:
    records = sorted({_read(value) for value in reply.values})
    if len(records) == 1 and not records[0][1]:
        found.add("mx_null")
        return ()
    if len(records) > _MOST:
        found.facts["not_looked_at"] = len(records) - _MOST
    seen = tuple(await asyncio.gather(*(_follow(run, *record) for record in records[:_MOST])))
    _report(found, seen)
    if all("unresolved" in each.facts and not each.faults for each in seen):
        found.unavailable(str(seen[0].facts["unresolved"]))
    reached = [each for each in seen if each.exchanger.addresses]
    if reached and len(records) <= _MOST and not any(each.has_ipv4 for each in seen):
        found.add("mx_ipv6_only")
    return seen


def _read(value: str) -> tuple[int, str]:
    preference, _, host = value.partition(" ")
    return int(preference), host.rstrip(".")


async def _follow(run: Run, preference: int, host: str) -> _Seen:
    if not host:
        return _Seen(Exchanger("", preference, ()), {"mx_no_address": "one of several MX records names no host (`.`)"})
    bare = host.strip("[]")
    if is_address(bare):
        return _Seen(Exchanger(host, preference, ()), {"mx_is_ip": f"MX {preference} {host}"})
    looked = await look(run, host)
    seen = _Seen(
        Exchanger(host, preference, looked.addresses), has_ipv4=not looked.ipv4.looked or bool(looked.ipv4.values)
    )
    alias = looked.alias or await _dangling_alias(run, host, looked)
    if alias:
        seen.facts["alias_of"] = alias
        seen.faults["mx_cname"] = f"{host} is an alias of {alias}"
    if not looked.addresses:
        await _no_address(run, seen, looked)
    return seen


async def _dangling_alias(run: Run, host: str, looked: Looked) -> str:
    """A name that does not exist at the end of a CNAME is reported without the CNAME, so it is asked for."""
    if looked.addresses or not looked.worst.looked:
        return ""
    return next(iter((await run.resolve(host, "CNAME")).values), "")


async def _no_address(run: Run, seen: _Seen, looked: Looked) -> None:
    host, reply = seen.exchanger.host, looked.worst
    if reply.looked:
        why = "does not exist in DNS" if reply.status == "nxdomain" else "has neither an A nor an AAAA record"
        seen.faults["mx_no_address"] = f"{host} {why}"
        return
    fault = await resolver.failure(run, reply)
    if fault:
        outcome, why = fault
        seen.faults[outcome] = f"{host}: {why}"
    seen.facts["unresolved"] = failed(reply)


async def _implicit(run: Run, found: Found, domain: str) -> tuple[_Seen, ...]:
    looked = await look(run, domain)
    if looked.addresses:
        found.add("mx_missing_a_fallback")
        return (_Seen(Exchanger(domain, 0, looked.addresses)),)
    if looked.worst.looked:
        found.add("mx_no_address", f"{domain} has no MX record, and no address to fall back to")
    else:
        await resolver.unresolved(run, found, looked.worst)
    return ()


def _report(found: Found, seen: tuple[_Seen, ...]) -> None:
    faults: dict[Outcome, list[str]] = {}
    for each in seen:
        for outcome, why in each.faults.items():
            faults.setdefault(outcome, []).append(why)
    for outcome, reasons in faults.items():
        found.add(outcome, "; ".join(reasons))


def _told(seen: _Seen) -> dict[str, Any]:
    exchanger = seen.exchanger
    private = [each for each in exchanger.addresses if not ipaddress.ip_address(each).is_global]
    told = {"host": exchanger.host, "preference": exchanger.preference, "addresses": exchanger.addresses}
    return told | seen.facts | ({"not_public": private} if private else {})
