"""Whether DNSSEC protects a domain: what DANE stands on, and what Exchange Online's inbound DANE asks for.

Facts only. `state` is "signed" (the resolver validated it), "not signed", "keys without a chain" (the zone is signed, but
the parent has no DS record, so nobody validates it), "broken" (the resolver rejects its signatures) or "unknown".
"""

from __future__ import annotations

import asyncio

from diagnostics.checks import resolver
from diagnostics.checks.run import Found, Run
from diagnostics.checks.txt import failed
from diagnostics.network import DnsReply


async def dnssec(run: Run, domain: str) -> None:
    async with run.attempt("dnssec", domain) as found:
        soa, mx = await asyncio.gather(run.resolve(domain, "SOA"), run.resolve(domain, "MX"))
        found.facts |= {"state": "unknown", "mx_authenticated": mx.authenticated, **resolver.facts(soa)}
        if soa.authenticated or mx.authenticated:
            found.facts["state"] = "signed"
        elif not soa.looked:
            await _failed(run, found, soa)
        else:
            await _unprotected(run, found, domain)


async def _failed(run: Run, found: Found, reply: DnsReply) -> None:
    if reply.status == "servfail" and (await run.resolve(reply.name, reply.type, unchecked=True)).looked:
        found.facts["state"] = "broken"
    else:
        found.unavailable(failed(reply))


async def _unprotected(run: Run, found: Found, domain: str) -> None:
    validates, keys = await asyncio.gather(resolver.validates(run), run.resolve(domain, "DNSKEY"))
    if validates is False:
        found.unavailable("the resolver does not validate DNSSEC")
        return
    found.facts["state"] = "keys without a chain" if keys.status == "answer" else "not signed"
