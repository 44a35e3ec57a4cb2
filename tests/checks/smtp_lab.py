"""Looks at a host of the lab as a check does: the real network, within a scope, with short patience."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.checks.host import host
from diagnostics.checks.model import Attempt
from diagnostics.checks.options import Options
from diagnostics.checks.peer import Limits
from diagnostics.checks.run import Run
from diagnostics.checks.scope import Guarded, Scope
from diagnostics.checks.target import Target
from diagnostics.network import Network
from diagnostics.network.live import LiveNetwork
from tests.fakes.certificates import SERVED, authorities
from tests.fakes.smtp import NAME, SmtpServer

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
# For servers that keep us waiting. Others get the usual time, so that a busy machine makes no faults.
HASTY = Limits(
    banner=1.5,
    slow=0.6,
    silent=0.2,
    reply=1.0,
    tls=1.0,
    versions=1.0,
    relay=1.0,
    stray=0.3,
    submission=1.0,
    goodbye=0.3,
)


@dataclass(frozen=True)
class Lab:
    """`context` is a healthy server's, and `ca_file` what trusts it."""

    context: ssl.SSLContext
    ca_file: str

    @classmethod
    def made(cls, folder: Path) -> Lab:
        authority = authorities()
        return cls(SERVED["healthy"](authority, NAME).ssl_context(folder), authority.ca_file(folder))

    async def look(self, server: SmtpServer, *, port: int = 25, **more: Any) -> Seen:
        return await self.look_at([server.address], {port: server.port}, port=port, **more)

    async def look_at(
        self,
        addresses: Sequence[str],
        ports: dict[int, int],
        *,
        port: int = 25,
        as_mx: bool = False,
        limits: Limits | None = None,
        network: Network | None = None,
        name: str = NAME,
        **options: Any,
    ) -> Seen:
        told = Options(now=datetime.now(UTC), **{"ca_file": self.ca_file, **options})
        run = Run(Target(name, port), told, Guarded(network or LiveNetwork([]), Scope(allow=LOOPBACK, ports=ports)))
        chain = await host(run, name, port, addresses, as_mx=as_mx, limits=limits)
        return Seen(run, chain)


@dataclass(frozen=True)
class Seen:
    run: Run
    chain: tuple[bytes, ...] | None

    @property
    def outcomes(self) -> list[str]:
        return [outcome for attempt in self.run.attempts for outcome in attempt.outcomes]

    def of(self, check: str) -> Attempt:
        return next(attempt for attempt in self.run.attempts if attempt.check == check)

    def detail(self, outcome: str) -> str:
        return next(
            attempt.facts.get("details", {}).get(outcome, "")
            for attempt in self.run.attempts
            if outcome in attempt.outcomes
        )
