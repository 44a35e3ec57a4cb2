"""The resolver that is asked: does it answer at all, does it validate DNSSEC, and what does its failure mean?

A name that could not be looked up is one of three things, and each is somebody else's to mend: the zone (SERVFAIL, or
silence while the resolver answers other questions), its signatures (SERVFAIL, but an answer with validation off), or the
resolver (silent or refusing whatever it is asked).
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any, Final

from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.run import Found, Run
from diagnostics.checks.txt import failed
from diagnostics.network import DnsReply

_PATIENCE: Final = 2.0  # seconds for the control question; the name itself has waited long enough


async def failure(run: Run, reply: DnsReply) -> tuple[Outcome, str] | None:
    """The outcome of a name that has no answer, with half a sentence on whose fault it is. None where it has one, or where
    the resolver refuses us, which says nothing about the name."""
    if reply.status == "nxdomain":
        return "dns_nxdomain", f"{reply.name} is answered NXDOMAIN"
    if reply.status == "servfail":
        return "dns_servfail", await _servfail(run, reply)
    if reply.status == "timeout":
        return "dns_timeout", await _timeout(run, reply)
    return None


async def unresolved(run: Run, found: Found, reply: DnsReply) -> None:
    """Notes why `reply` has no answer: as an outcome, or as could-not-look."""
    fault = await failure(run, reply)
    if fault:
        found.add(*fault)
    elif reply.status == "refused":
        found.unavailable(failed(reply))


async def validates(run: Run) -> bool | None:
    """Whether the resolver checks DNSSEC, as told by its answer for the root, which is signed. None where it has no root."""
    root = await run.resolve(".", "SOA")
    return root.authenticated if root.status == "answer" else None


def facts(reply: DnsReply) -> dict[str, Any]:
    """Whose word the AD bit is: it is worth what the way to that resolver is worth."""
    if not reply.server:
        return {}
    try:
        local = not ipaddress.ip_address(reply.server).is_global
    except ValueError:
        local = False
    return {"resolver": reply.server, "resolver_is_local": local}


async def _servfail(run: Run, reply: DnsReply) -> str:
    again = await run.resolve(reply.name, reply.type, unchecked=True)
    if again.looked:
        return "it resolves when DNSSEC is not checked, so its signatures or its DS record are broken"
    return (
        f"{reply.name} {reply.type} fails with DNSSEC checked and unchecked, so its name servers or the delegation do"
    )


async def _timeout(run: Run, reply: DnsReply) -> str:
    if await _answers(run):
        return f"{reply.name} {reply.type} gets no answer, while the resolver answers for other names"
    which = reply.server or "of this machine"
    return f"the resolver {which} answers nothing at all, so the fault may be the resolver's and not the name's"


async def _answers(run: Run) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            return (await run.resolve(".", "SOA")).status != "timeout"
    except TimeoutError:
        return False
