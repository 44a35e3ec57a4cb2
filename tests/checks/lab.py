"""A check in the lab: its run over a real DNS server on loopback, or over recorded answers, and the attempt it made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from diagnostics.checks.model import Attempt
from diagnostics.checks.options import Options
from diagnostics.checks.run import Run
from diagnostics.checks.scope import Guarded, Scope
from diagnostics.checks.target import target_of
from diagnostics.network import Network
from diagnostics.network.live import LiveNetwork
from tests.fakes.dns import DnsServer

DOMAIN = "contoso.test"
LOOPBACK = (ip_network("127.0.0.0/8"),)
Check = Callable[..., Awaitable[Any]]


def run_on(network: Network, *, ports: Mapping[int, int] | None = None, **options: Any) -> Run:
    """A run that may connect to loopback only; `ports` says what a port of mail means there."""
    told = Options(**({"now": datetime.now(UTC)} | options))
    return Run(target_of(DOMAIN), told, Guarded(network, Scope(allow=LOOPBACK, ports=ports or {})))


async def made(
    network: Network, check: Check, *args: Any, ports: Mapping[int, int] | None = None, **options: Any
) -> Attempt:
    """The one attempt that `check(run, *args)` makes."""
    run = run_on(network, ports=ports, **options)
    try:
        await check(run, *args)
    finally:
        await run.close()
    (attempt,) = run.attempts
    return attempt


async def seen(zone: str, check: Check, *args: Any, ports: Mapping[int, int] | None = None, **options: Any) -> Attempt:
    """The same, with a zone (tests/fakes/dns.py) for names."""
    async with DnsServer(zone) as server:
        return await made(LiveNetwork([server.address]), check, *args, ports=ports, **options)


def detail(attempt: Attempt, outcome: str) -> str:
    """The half sentence that belongs to an outcome."""
    return str(attempt.facts["details"][outcome])
