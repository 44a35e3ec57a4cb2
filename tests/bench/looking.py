"""A whole domain with four mail servers, far away: how many round trips of wall time a check of it takes, and a cold command."""

from __future__ import annotations

import asyncio
import ipaddress
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from diagnostics.checks import Options, Scope, check
from diagnostics.network import DnsReply, Stream
from diagnostics.network.live import LiveNetwork
from tests.checks.whole import DOMAIN, HEALTHY, MX
from tests.fakes.certificates import SERVED, authorities
from tests.fakes.dns import DnsServer
from tests.fakes.https import HttpsServer, answer
from tests.fakes.smtp import SmtpServer

TRIP = 0.03
RUNS = 7
_MAILFLOW = Path(sys.executable).parent / "mailflow"
_HOSTS = [f"mx{number}.{DOMAIN}" for number in range(1, 5)]


class Slow(LiveNetwork):
    """Answers of DNS and connections come after a whole trip of `trip` seconds."""

    def __init__(self, dns_servers: Sequence[tuple[str, int]], trip: float) -> None:
        super().__init__(dns_servers)
        self._trip = trip

    async def resolve(self, name: str, type: str, *, unchecked: bool = False) -> DnsReply:  # noqa: A002  the DNS's own word
        await asyncio.sleep(self._trip)
        return await super().resolve(name, type, unchecked=unchecked)

    async def connect(self, address: str, port: int) -> Stream:
        await asyncio.sleep(self._trip)
        return await super().connect(address, port)


class Far(Slow):
    """And so does each answer within a session."""

    async def connect(self, address: str, port: int) -> Stream:
        return _FarStream(await super().connect(address, port), self._trip)


class _FarStream:
    def __init__(self, stream: Stream, trip: float) -> None:
        self._stream = stream
        self._trip = trip
        self._sent = True

    async def read(self, most: int) -> bytes:
        data = await self._stream.read(most)
        if self._sent:  # what comes without being asked for is on its way already
            await asyncio.sleep(self._trip)
            self._sent = False
        return data

    async def write(self, data: bytes) -> None:
        self._sent = True
        await self._stream.write(data)

    async def close(self) -> None:
        await self._stream.close()


def main() -> dict[str, float]:
    """The lab runs in a process of its own, as servers elsewhere would."""
    with tempfile.TemporaryDirectory(prefix="mailflow-bench-") as folder:
        mine, its = multiprocessing.Pipe()
        lab = multiprocessing.get_context("spawn").Process(target=_serve, args=(Path(folder), its), daemon=True)
        lab.start()
        try:
            dns, ports, ca_file = mine.recv()
            near = asyncio.run(_check(LiveNetwork([dns]), ports, ca_file))
            slow = asyncio.run(_check(Slow([dns], TRIP), ports, ca_file))
            far = asyncio.run(_check(Far([dns], TRIP), ports, ca_file))
            return {
                "domain, 4 MX, all policies, no distance, ms": near * 1000,
                "30 ms on each DNS answer and connection: round trips": slow / TRIP,
                "30 ms on each answer of a session, too: round trips": far / TRIP,
                "mailflow check HOST, cold, s": _cold(dns, ports, ca_file),
            }
        finally:
            lab.terminate()
            lab.join()


async def _check(network: LiveNetwork, ports: dict[int, int], ca_file: str) -> float:
    """Median seconds, the first run aside."""
    scope = Scope(allow=(ipaddress.ip_network("127.0.0.0/8"),), ports=ports)
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        options = Options(now=datetime.now(UTC), ca_file=ca_file, dnsbl_zones=(), own_dns=True)
        report = await check(DOMAIN, scope=scope, network=network, options=options)
        taken.append(time.perf_counter() - began)
        assert report.outcomes == (), report.outcomes
    return median(taken[1:])


def _cold(dns: tuple[str, int], ports: dict[int, int], ca_file: str) -> float:
    environ = {
        **os.environ,
        "MAILFLOW_DNS_SERVERS": f"{dns[0]}:{dns[1]}",
        "MAILFLOW_CA_FILE": ca_file,
        "MAILFLOW_CHECK_PORTS": ",".join(f"{port}={real}" for port, real in ports.items()),
        "MAILFLOW_CHECK_ALLOW": "127.0.0.0/8",
        "MAILFLOW_DNSBL_ZONES": "none",
    }
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([_MAILFLOW, "check", MX], env=environ, capture_output=True, check=True)
        taken.append(time.perf_counter() - began)
    return median(taken)


def _serve(folder: Path, started: Connection) -> None:
    asyncio.run(_listen(folder, started))


async def _listen(folder: Path, started: Connection) -> None:
    lab = authorities()
    zone = HEALTHY.replace("v=spf1 mx -all", "v=spf1 ip4:127.0.0.0/8 -all")
    zone += "".join(f"{DOMAIN} MX 10 {host}\n{host} A 127.0.0.{at}\n" for at, host in enumerate(_HOSTS[1:], 2))
    zone += "".join(f"{at}.0.0.127.in-addr.arpa PTR {host}\n" for at, host in enumerate(_HOSTS[1:], 2))
    policy = b"version: STSv1\nmode: enforce\nmx: *.contoso.test\nmax_age: 86400\n"
    async with AsyncExitStack() as stack:
        port = 0
        for at, host in enumerate(_HOSTS, 1):
            context = SERVED["healthy"](lab, host).ssl_context(folder)
            server = SmtpServer(address=f"127.0.0.{at}", port=port, tls=context)
            port = (await stack.enter_async_context(server)).port
        web = SERVED["healthy"](lab, f"mta-sts.{DOMAIN}").ssl_context(folder)
        https = await stack.enter_async_context(HttpsServer(answer(policy), web))
        dns = await stack.enter_async_context(DnsServer(zone))
        started.send((dns.address, {25: port, 443: https.port, 465: 1, 587: 1}, lab.ca_file(folder)))
        await asyncio.Event().wait()
