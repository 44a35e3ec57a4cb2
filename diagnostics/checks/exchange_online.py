"""Does the domain receive in Exchange Online, in which of its clouds, and do its records fit that?

`exo_mx` and `exo_mx_microsoft_dnssec` are facts: an MX host under mail.protection.outlook.com (or another cloud's name),
and one under mx.microsoft. Each is said where such a host is, so a domain that is moving from one to the other has both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any, Final

from diagnostics.checks.run import Found, Run
from diagnostics.checks.spf_includes import includes
from diagnostics.patterns import linear

_WORLDWIDE: Final = "worldwide"
_CHINA: Final = "China (21Vianet)"
_GOVERNMENT: Final = "US government"
_GERMANY: Final = "Germany (closed)"
_DNSSEC: Final = ".mx.microsoft"
_CLOUDS: Final = (
    (".mail.protection.outlook.com", _WORLDWIDE),
    (_DNSSEC, _WORLDWIDE),
    (".mail.protection.partner.outlook.cn", _CHINA),
    (".mail.protection.office365.us", _GOVERNMENT),
    (".mail.protection.outlook.de", _GERMANY),
    (".eo.outlook.com", _WORLDWIDE),
    (".messaging.microsoft.com", _WORLDWIDE),
    (".global.frontbridge.com", _WORLDWIDE),
)
# Names of services that Exchange Online replaced; a domain that still has one should move to its current name.
_LEGACY: Final = (
    ".eo.outlook.com",
    ".messaging.microsoft.com",
    ".global.frontbridge.com",
    ".mail.protection.outlook.de",
)
_SPF: Final = {
    _WORLDWIDE: "spf.protection.outlook.com",
    _CHINA: "spf.protection.partner.outlook.cn",
    _GOVERNMENT: "spf.protection.office365.us",
    _GERMANY: "spf.protection.outlook.de",
}
# Some publish Exchange Online's networks instead of its include; these two hold most of its senders.
_NETWORKS: Final = (IPv4Network("40.92.0.0/15"), IPv4Network("40.107.0.0/16"))
_ROUTING: Final = {"com": "mail.onmicrosoft.com", "us": "mail.onmicrosoft.us", "cn": "mail.partner.onmschina.cn"}
# A tenant's DKIM selector is an alias into the tenant's own domain, so it tells the tenant's name.
_DKIM = linear(
    r"\._domainkey\.([a-z0-9-]{1,63})\."
    r"(?:onmicrosoft\.(com|us)|partner\.onmschina\.(cn)|[a-z]-v[0-9]{1,3}\.dkim\.mail\.microsoft)"
)


async def exchange_online(run: Run, domain: str, hosts: Sequence[str]) -> None:
    """`hosts` are the domain's MX hosts."""
    async with run.attempt("exchange-online", domain) as found:
        clouds = {host: cloud for host in hosts if (cloud := _cloud(host))}
        found.facts |= {"hosts": sorted(clouds), "clouds": sorted(set(clouds.values()))}
        found.facts["legacy"] = [host for host in clouds if f".{host}".endswith(_LEGACY)]
        tenant = _tenant(run, domain, guess=bool(clouds))
        if clouds:
            _mx(found, hosts, clouds)
            wanted = {_SPF[cloud] for cloud in clouds.values()}
            told, included = await asyncio.gather(tenant, includes(run, domain, wanted, _NETWORKS))
            _spf(found, included)
        else:
            told = await tenant
        found.facts |= told
        if not clouds and "tenant" not in found.facts:
            found.skip("no MX record leads to Exchange Online")


def _cloud(host: str) -> str:
    return next((cloud for suffix, cloud in _CLOUDS if host.endswith(suffix)), "")


def _mx(found: Found, hosts: Sequence[str], clouds: dict[str, str]) -> None:
    if any(not host.endswith(_DNSSEC) for host in clouds):
        found.add("exo_mx")
    if any(host.endswith(_DNSSEC) for host in clouds):
        found.add("exo_mx_microsoft_dnssec")
    others = [host for host in hosts if host not in clouds]
    if others:
        found.add("exo_mixed_mx", ", ".join(others))


def _spf(found: Found, included: bool | None) -> None:
    found.facts["spf_includes"] = included
    if included is False:
        found.add("exo_spf_include_missing")


async def _tenant(run: Run, domain: str, *, guess: bool) -> dict[str, Any]:
    """The tenant's name and whether its routing domain, which hybrid mail goes to, has an MX record."""
    alias = next(iter((await run.resolve(f"selector1._domainkey.{domain}", "CNAME")).values), "")
    told = _DKIM.search(alias)
    if not told and not guess:
        return {}
    tenant = told[1] if told else domain.partition(".")[0]
    ending = next(filter(None, told.groups()[1:]), "com") if told else "com"
    routing = f"{tenant}.{_ROUTING[ending]}"
    mx = await run.resolve(routing, "MX")
    return {
        "tenant": tenant,
        "tenant_from": "the DKIM selector" if told else "a guess by the domain's name",
        "routing_domain": routing,
        "routing_domain_resolves": mx.status == "answer" if mx.looked else None,
    }
