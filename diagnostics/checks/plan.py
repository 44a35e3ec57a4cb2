"""Which looks a check consists of, and which of them wait for which."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from diagnostics.checks.addresses import addresses, ptr
from diagnostics.checks.autodiscover import autodiscover
from diagnostics.checks.dkim import dkim
from diagnostics.checks.dmarc import dmarc
from diagnostics.checks.dnsbl import dnsbl
from diagnostics.checks.dnssec import dnssec
from diagnostics.checks.exchange_online import exchange_online
from diagnostics.checks.host import host
from diagnostics.checks.model import Kind
from diagnostics.checks.mta_sts import mta_sts
from diagnostics.checks.mx import exchangers
from diagnostics.checks.run import Run
from diagnostics.checks.spf import spf
from diagnostics.checks.tls_rpt import tls_rpt

SMTP: Final = 25


async def carry_out(run: Run) -> Kind:
    """Makes every look; returns what the target turned out to be. Ends at the run's deadline, keeping what is known."""
    kind: Kind = run.options.kind or "host"
    try:
        async with asyncio.timeout(run.options.timeout):
            kind = run.options.kind or await kind_of(run)
            await (_domain(run) if kind == "domain" else _host(run))
    except TimeoutError:
        pass  # every look that was under way has said so itself
    finally:
        await run.close()
    return kind


async def kind_of(run: Run) -> Kind:
    """A domain takes mail by MX, or is the top of a zone, or publishes sender policies; anything else is a host."""
    target = run.target
    if target.is_address or target.port or run.options.name or run.options.tls_domain:
        return "host"
    if run.options.ip or target.host.count(".") < 2:
        return "domain"
    mx, soa, txt, policy = await asyncio.gather(
        run.resolve(target.host, "MX"),
        run.resolve(target.host, "SOA"),
        run.resolve(target.host, "TXT"),
        run.resolve(f"_dmarc.{target.host}", "TXT"),
    )
    if mx.status == "answer" or (soa.status == "answer" and not soa.canonical):
        return "domain"
    sender = any(value.lower().startswith("v=spf1") for value in txt.values)
    return "domain" if sender or any(value.lower().startswith("v=dmarc1") for value in policy.values) else "host"


async def _host(run: Run) -> None:
    target = run.target
    found = (target.host,) if target.is_address else await addresses(run, target.host)
    if found:
        await _all(_at(run, target.host, target.port or SMTP, found))


async def _domain(run: Run) -> None:
    """What the domain publishes, and each of its mail servers, side by side."""
    domain = run.target.host
    await _all(
        spf(run, domain),
        dmarc(run, domain),
        dkim(run, domain),
        tls_rpt(run, domain),
        dnssec(run, domain),
        autodiscover(run, domain),
        _mail_servers(run, domain),
    )


async def _mail_servers(run: Run, domain: str) -> None:
    found = await exchangers(run, domain)
    hosts = [each.host for each in found]
    servers = [_at(run, each.host, SMTP, each.addresses, as_mx=True) for each in found if each.addresses]
    await _all(mta_sts(run, domain, hosts), exchange_online(run, domain, hosts), *servers)


async def _at(run: Run, name: str, port: int, found: tuple[str, ...], *, as_mx: bool = False) -> None:
    looks: list[Coroutine[Any, Any, Any]] = [host(run, name, port, found, as_mx=as_mx)]
    for address in found:
        looks += [ptr(run, address), dnsbl(run, address)]
    await _all(*looks)


async def _all(*looks: Coroutine[Any, Any, Any]) -> None:
    async with asyncio.TaskGroup() as group:
        for look in looks:
            group.create_task(look)
