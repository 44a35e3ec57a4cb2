"""DANE for SMTP: do the TLSA records of a mail server match what it shows, and does DNSSEC protect them? (RFC 7672)

A sender that validates DNSSEC refuses to deliver on a mismatch, and holds the mail while the records can't be looked up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from diagnostics.checks import resolver
from diagnostics.checks.addresses import look
from diagnostics.checks.run import Found, Run
from diagnostics.checks.tlsa import Chain, Tlsa, tlsa
from diagnostics.checks.txt import failed
from diagnostics.network import DnsReply

_MOST: Final = 20  # records of one host that are compared


async def dane(run: Run, host: str, chain: Sequence[bytes] | None) -> None:
    """`chain` is what the host showed on port 25 (DER, its own certificate first); None where TLS was not reached."""
    async with run.attempt("dane", f"{host}:25") as found:
        reply = await _lookup(run, host)
        found.facts |= {"name": reply.name, "authenticated": reply.authenticated, **resolver.facts(reply)}
        if reply.status == "answer":
            await _judge(run, found, reply, chain)
        elif not reply.looked:
            await _failed(run, found, host, reply)
        else:
            found.facts["records"] = []


async def _lookup(run: Run, host: str) -> DnsReply:
    """The TLSA records below the host's canonical name where DNSSEC protects its aliases, else below the host (2.2.2)."""
    looked = await look(run, host)
    protected = looked.ipv4.authenticated or looked.ipv6.authenticated
    if looked.alias and protected:
        reply = await run.resolve(f"_25._tcp.{looked.alias}", "TLSA")
        if reply.status not in ("nodata", "nxdomain"):
            return reply
    return await run.resolve(f"_25._tcp.{host}", "TLSA")


async def _failed(run: Run, found: Found, host: str, reply: DnsReply) -> None:
    looked = await look(run, host)
    if reply.status == "refused" or not looked.addresses:
        found.unavailable(failed(reply))
        return
    protected = looked.ipv4.authenticated or looked.ipv6.authenticated
    if not protected and await resolver.validates(run):
        # RFC 7672, 2.2: below an unsigned host nobody asks, so nobody is held up.
        found.facts["note"] = f"{failed(reply)}; without DNSSEC no sender asks for it"
        return
    why = "is not answered in time" if reply.status == "timeout" else "fails (SERVFAIL, or records that can't be read)"
    found.add("dane_lookup_failed", f"{reply.name} TLSA {why}, while {host} itself resolves")


async def _judge(run: Run, found: Found, reply: DnsReply, sent: Sequence[bytes] | None) -> None:
    records = [record for value in reply.values[:_MOST] if (record := tlsa(value))]
    # Parsing and checking signatures is work for a processor, and must not hold up the other checks.
    chain = await asyncio.to_thread(Chain, sent) if sent else None
    matching = [record for record in records if chain and chain.matches(record)]
    found.facts["records"] = [
        record.told() | {"usable": record.usable, "matches": record in matching if chain else None}
        for record in records
    ]
    usable = [record for record in records if record.usable]
    if not reply.authenticated:
        await _unprotected(run, found, usable, bool(chain and usable and not matching))
    elif not usable:
        found.facts["note"] = (
            "no record can be used for SMTP (RFC 7672, 3.1): TLS is demanded, nothing is authenticated"
        )
    elif chain is None:
        found.unavailable("no certificate was seen, so there is nothing to compare the TLSA records with")
    elif not matching:
        _mismatch(found, usable, chain)


async def _unprotected(run: Run, found: Found, usable: Sequence[Tlsa], mismatched: bool) -> None:
    besides = "; besides, none of them matches" if mismatched else ""
    if await resolver.validates(run) is False:
        found.unavailable(
            f"the resolver does not validate DNSSEC, so whether the TLSA records count is unknown{besides}"
        )
    else:
        found.add("dane_not_dnssec", f"{len(usable)} usable{besides}")


def _mismatch(found: Found, usable: Sequence[Tlsa], chain: Chain) -> None:
    if not chain.readable:
        found.unavailable("a certificate that the server sent can't be read")
        return
    shapes = sorted({f"{record.usage} {record.selector} {record.matching}" for record in usable})
    found.add("dane_mismatch", f"compared with {', '.join(shapes)}")
