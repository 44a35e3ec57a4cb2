"""A whole domain in the lab: its names, its mail server and its MTA-STS policy, healthy unless a test says otherwise."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.checks import Attempt, CheckReport, Options, Scope, check
from diagnostics.network.live import LiveNetwork
from tests.fakes.certificates import SERVED, authorities
from tests.fakes.dns import DnsServer
from tests.fakes.https import HttpsServer, answer
from tests.fakes.smtp import SmtpServer

DOMAIN = "contoso.test"
MX = f"mx1.{DOMAIN}"
HEALTHY = f"""
{DOMAIN}                      MX     10 {MX}
{DOMAIN}                      TXT    "v=spf1 mx -all"
_dmarc.{DOMAIN}               TXT    "v=DMARC1; p=reject; rua=mailto:dmarc@{DOMAIN}"
selector1._domainkey.{DOMAIN} TXT    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_smtp._tls.{DOMAIN}           TXT    "v=TLSRPTv1; rua=mailto:tls@{DOMAIN}"
_mta-sts.{DOMAIN}             TXT    "v=STSv1; id=1"
mta-sts.{DOMAIN}              A      127.0.0.1
{MX}                          A      127.0.0.1
1.0.0.127.in-addr.arpa        PTR    {MX}
"""
POLICY = f"version: STSv1\nmode: enforce\nmx: {MX}\nmax_age: 86400\n".encode()


@dataclass
class Domain:
    """The running lab, and how the bot is told about it. `flags` are those of the command line."""

    smtp: SmtpServer
    dns: DnsServer
    https: HttpsServer
    ca_file: str

    @property
    def ports(self) -> dict[int, int]:
        return {25: self.smtp.port, 443: self.https.port, 465: 1, 587: 1}

    @property
    def environ(self) -> dict[str, str]:
        host, port = self.dns.address
        return {
            "MAILFLOW_DNS_SERVERS": f"{host}:{port}",
            "MAILFLOW_CA_FILE": self.ca_file,
            "MAILFLOW_CHECK_PORTS": ",".join(f"{port}={real}" for port, real in self.ports.items()),
            "MAILFLOW_CHECK_ALLOW": "127.0.0.0/8",
            "MAILFLOW_DNSBL_ZONES": "none",
            "MAILFLOW_EHLO_NAME": "check.fabrikam.test",
        }

    async def check(
        self, target: str = DOMAIN, *, progress: Callable[[Attempt], None] = lambda _: None, **options: Any
    ) -> CheckReport:
        told = {"ca_file": self.ca_file, "dnsbl_zones": (), "now": datetime.now(UTC), "own_dns": True, **options}
        scope = Scope(allow=(ipaddress.ip_network("127.0.0.0/8"),), ports=self.ports)
        network = LiveNetwork([self.dns.address])
        return await check(target, scope=scope, network=network, options=Options(**told), progress=progress)


@asynccontextmanager
async def domain(
    folder: Path, *, zone: str = HEALTHY, certificate: str = "healthy", delay: int = 0, **smtp: Any
) -> AsyncIterator[Domain]:
    """The lab, with `zone` for names and `certificate` (tests/fakes/certificates.py) on the mail server."""
    lab = authorities()
    context = SERVED[certificate](lab, MX).ssl_context(folder)
    web = SERVED["healthy"](lab, f"mta-sts.{DOMAIN}").ssl_context(folder)
    smtp = {"tls": context, **smtp}
    async with (
        SmtpServer(**smtp) as server,
        HttpsServer(answer(POLICY), web) as https,
        DnsServer(zone, delay=delay) as dns,
    ):
        yield Domain(server, dns, https, lab.ca_file(folder))
