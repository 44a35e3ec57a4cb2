"""Everything that is looked at on one host: its addresses side by side, and on each the parts that make sense there.

What one session can tell is asked in one session; what needs a connection of its own starts as soon as that session has
shown that it makes sense. Where the first connection fails, nothing else is tried on that port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from diagnostics.checks.connector_fitness import fitness
from diagnostics.checks.injection import injection
from diagnostics.checks.introduction import ready_for_tls
from diagnostics.checks.peer import SMTP, SMTPS, SUBMISSION, Limits, Peer
from diagnostics.checks.relay import relay, relay_apart
from diagnostics.checks.run import Run
from diagnostics.checks.smtp import Session, smtp
from diagnostics.checks.starttls import Secured, secure, starttls
from diagnostics.checks.submission import submission
from diagnostics.checks.target import is_address
from diagnostics.checks.tls_versions import Versions, versions
from diagnostics.network import Stream

_MOST_ADDRESSES: Final = 4
_SESSION: Final = ("smtp", "starttls", "tls-versions", "injection", "relay", "exo-connector")

Chain = tuple[bytes, ...]  # DER certificates as a server sent them, its own first


async def host(
    run: Run, name: str, port: int, addresses: Sequence[str], *, as_mx: bool = False, limits: Limits | None = None
) -> Chain | None:
    """Looks at `name` on `port` of each address, at most four. The chain it shows; None where TLS did not come about.

    `as_mx`: a host that can't be reached is told as a mail server of a domain that is down. `limits` follow from the whole
    check's time where none are given."""
    expected = run.options.name or ("" if is_address(name) else name)
    patience = limits or Limits.within(run.options.timeout)
    visits = [
        _Visit(Peer(run, name, address, port, expected, patience), as_mx)
        for address in list(dict.fromkeys(addresses))[:_MOST_ADDRESSES]
    ]
    async with asyncio.TaskGroup() as group:
        for visit in visits:
            group.create_task(visit.all())
    return next((visit.secured.handshake.chain for visit in visits if visit.secured), None)


class _Visit:
    """All looks at one address and port. `secured` is its session inside TLS, where there was one."""

    def __init__(self, peer: Peer, as_mx: bool) -> None:
        self.secured: Secured | None = None
        self._peer = peer
        self._as_mx = as_mx
        self._tried: asyncio.Task[Versions] | None = None  # the versions of TLS

    async def all(self) -> None:
        peer, wants = self._peer, self._peer.run.wants
        async with asyncio.TaskGroup() as group:
            if peer.port == SMTP and wants("submission"):
                for port in (SUBMISSION, SMTPS):
                    group.create_task(submission(replace(peer, port=port)))
            if any(map(wants, _SESSION)):
                await (self._at_once(group) if peer.port == SMTPS else self._in_the_clear(group))
                await self._fitness(group)

    async def _in_the_clear(self, group: asyncio.TaskGroup) -> None:
        """A session that begins in the clear and goes on in TLS where it can."""
        peer, wants = self._peer, self._peer.run.wants
        session = await smtp(peer, as_mx=self._as_mx)
        if not session:
            return
        try:
            if session.hello.offers("STARTTLS"):
                if wants("tls-versions"):
                    self._try_versions(group)
                if wants("injection"):
                    group.create_task(injection(peer))
            self.secured = await starttls(session, lambda: self._legacy(group))
            await self._last(session)
        finally:
            await session.talk.stream.close()

    async def _last(self, session: Session) -> None:
        """What ends the session: the question about relaying, and QUIT."""
        peer, talk, hello = self._peer, session.talk, session.hello
        if self.secured and self.secured.talk and self.secured.hello:
            talk, hello = self.secured.talk, self.secured.hello
        if peer.run.wants("relay"):
            await (relay(peer, talk, hello) if talk.usable else relay_apart(peer))
        await talk.quit(peer.limits.goodbye)

    async def _at_once(self, group: asyncio.TaskGroup) -> None:
        """A session inside TLS from its first byte on (port 465)."""
        peer = self._peer

        async def secured(stream: Stream) -> Stream | None:
            if peer.run.wants("tls-versions"):
                self._try_versions(group)
            async with peer.run.attempt("starttls", peer.subject) as found:
                found.facts["host"] = peer.host
                self.secured = await secure(peer, stream, found, lambda: self._legacy(group), at_once=True)
            return self.secured.handshake.stream if self.secured else None

        session = await smtp(peer, as_mx=self._as_mx, secure=secured)
        if session:
            try:
                await self._last(session)
            finally:
                await session.talk.stream.close()

    def _try_versions(self, group: asyncio.TaskGroup) -> asyncio.Task[Versions]:
        peer = self._peer
        opened = peer.connect if peer.port == SMTPS else lambda: ready_for_tls(peer)
        self._tried = self._tried or group.create_task(
            versions(
                peer.run, peer.subject, opened, server_name=peer.server_name, spoken=None, seconds=peer.limits.versions
            )
        )
        return self._tried

    async def _legacy(self, group: asyncio.TaskGroup) -> bool:
        return (await self._try_versions(group)).legacy_only

    async def _fitness(self, group: asyncio.TaskGroup) -> None:
        """What the certificate and the versions come to together, for a connector of Exchange Online."""
        peer = self._peer
        if self.secured and peer.run.wants("exo-connector"):
            await fitness(peer.run, peer.subject, self.secured.judged, await self._try_versions(group))
