"""One address and port of a host: where the parts of a check connect to, and how long they wait there."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec import Struct, field
from msgspec.structs import asdict

from diagnostics.checks.run import Run
from diagnostics.checks.target import Target
from diagnostics.network import Stream

SMTP: Final = 25
SMTPS: Final = 465
SUBMISSION: Final = 587
_USUAL: Final = 20.0  # seconds for a whole check


class Limits(Struct, frozen=True, kw_only=True):
    """Seconds. A sender waits five minutes for a greeting (RFC 5321, 4.5.3.2); a person waits for us less, so what we call
    silence is shorter and always told with its length.

    `banner` is for the whole greeting, `slow` what makes it slow, `silent` when a port without a greeting is tried with TLS.
    `relay` outlasts the five seconds that Exchange delays a refusal by default (TarpitInterval).
    """

    connect: float = 5.0
    banner: float = 10.0
    slow: float = 3.0
    silent: float = 2.0
    reply: float = 8.0
    tls: float = 8.0
    versions: float = 6.0  # for each handshake that tries one
    relay: float = 7.0
    stray: float = 1.0  # for something that comes at once or not at all
    submission: float = 3.0  # to connect; a closed port of no importance must not hold the check up
    goodbye: float = 1.0

    @classmethod
    def within(cls, seconds: float) -> Limits:
        """Shortened in proportion, where a whole check may take less than twenty seconds: a stage that hangs must be
        told as such before the check ends."""
        usual = cls()
        return cls(**{name: value * min(1.0, seconds / _USUAL) for name, value in asdict(usual).items()})


class Peer(Struct, frozen=True):
    """`host` is the name that was asked about, or the address where none was. `server_name` is what the certificate must
    match and what is asked for in TLS; "" where only an address is known."""

    run: Run
    host: str
    ip: str
    port: int
    server_name: str = ""
    limits: Limits = field(default_factory=Limits)

    @property
    def subject(self) -> str:
        return str(Target(self.ip, self.port))

    async def connect(self) -> Stream:
        """Raises OutOfScopeError or OSError, TimeoutError among them."""
        async with asyncio.timeout(self.limits.connect):
            return await self.run.network.connect(self.ip, self.port)
