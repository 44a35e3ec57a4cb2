"""Which looks a check consists of, and which of them wait for which."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from ipaddress import ip_address
from typing import Any, Final

from diagnostics.checks.addresses import addresses, ptr
from diagnostics.checks.autodiscover import autodiscover
from diagnostics.checks.dane import dane
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
from diagnostics.checks.scope import OutOfScopeError
from diagnostics.checks.spf import spf
from diagnostics.checks.target import Target, is_address
from diagnostics.checks.tls_rpt import tls_rpt

SMTP: Final = 25
_PUBLISHED: Final = {
    "spf": spf,
    "dmarc": dmarc,
    "dkim": dkim,
    "tls-rpt": tls_rpt,
    "dnssec": dnssec,
    "autodiscover": autodiscover,
}
# What the world knows of an address. Of one that isn't public, only DNS servers that the operator named can know anything.
_KNOWN: Final = {"ptr": ptr, "dnsbl": dnsbl}
_OF_HOST: Final = frozenset(
    {"smtp", "starttls", "tls-versions", "injection", "relay", "submission", "exo-connector", "dane"}
)

CHECKS: Final = tuple(
    sorted(_OF_HOST | {"address", "ptr", "dnsbl", "mx", "mta-sts", "exchange-online"} | {*_PUBLISHED})
)

Look = Callable[[], Awaitable[Any]]


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
    port = target.port or SMTP
    found = (target.host,) if target.is_address else await addresses(run, target.host)
    found = await _in_scope(run, found, port)
    if found:
        await _at(run, target.host, port, found)


async def _in_scope(run: Run, found: tuple[str, ...], port: int) -> tuple[str, ...]:
    """The addresses that may be looked at. Of the others nothing is looked up either: who asks shall learn nothing of them."""
    refusals = {address: run.network.scope.refusal(address, port) for address in found}
    for address, refusal in refusals.items():
        if refusal:
            async with run.attempt("smtp", str(Target(address, port))):
                raise OutOfScopeError(refusal)
    return tuple(address for address, refusal in refusals.items() if not refusal)


async def _domain(run: Run) -> None:
    """What the domain publishes, and each of its mail servers, side by side."""
    domain = run.target.host
    looks: list[Look] = [partial(look, run, domain) for check, look in _PUBLISHED.items() if run.wants(check)]
    if any(map(run.wants, ("mx", "ptr", "dnsbl", "mta-sts", "exchange-online", *_OF_HOST))):
        looks.append(partial(_mail_servers, run, domain))
    await _all(looks)


async def _mail_servers(run: Run, domain: str) -> None:
    found = await exchangers(run, domain)
    hosts = [each.host for each in found]
    looks: list[Look] = [
        partial(_at, run, each.host, SMTP, allowed, as_mx=True)
        for each in found
        if (allowed := await _in_scope(run, each.addresses, SMTP))
    ]
    if run.wants("mta-sts"):
        looks.append(partial(mta_sts, run, domain, hosts))
    if run.wants("exchange-online"):
        looks.append(partial(exchange_online, run, domain, hosts))
    await _all(looks)


async def _at(run: Run, name: str, port: int, found: tuple[str, ...], *, as_mx: bool = False) -> None:
    """All looks at one host: what its addresses are known for, and what listens there."""
    looks: list[Look] = []
    for address in found:
        if run.options.own_dns or ip_address(address).is_global:
            looks += [partial(look, run, address) for check, look in _KNOWN.items() if run.wants(check)]
    if any(map(run.wants, _OF_HOST)):
        looks.append(partial(_listening, run, name, port, found, as_mx=as_mx))
    await _all(looks)


async def _listening(run: Run, name: str, port: int, found: tuple[str, ...], *, as_mx: bool) -> None:
    """The host itself, and whether what it shows is what its TLSA records say. Those are asked for meanwhile."""
    with_dane = port == SMTP and not is_address(name) and run.wants("dane")
    if with_dane:
        run.ask_ahead(f"_25._tcp.{name}", "TLSA")
    chain = await host(run, name, port, found, as_mx=as_mx)
    if with_dane:
        await dane(run, name, chain)


async def _all(looks: Iterable[Look]) -> None:
    async with asyncio.TaskGroup() as group:
        for look in looks:
            group.create_task(_made(look))


async def _made(look: Look) -> None:
    await look()
