"""The submission ports beside port 25, as facts: open or not, what they offer, and to whom. Never an outcome: a server
that takes mail from other servers need not take it from people."""

from __future__ import annotations

import asyncio
from typing import Any

from diagnostics.checks.greeting import banner_facts
from diagnostics.checks.introduction import READY, TurnedAwayError, hello, introduced
from diagnostics.checks.peer import SMTPS, Peer
from diagnostics.checks.reaching import unreached
from diagnostics.checks.talk import Talk, TalkError
from diagnostics.network import Stream
from diagnostics.network.tls import HandshakeError, handshake, roots


async def submission(peer: Peer) -> None:
    async with peer.run.attempt("submission", peer.subject) as found:
        try:
            async with asyncio.timeout(peer.limits.submission):
                stream = await peer.connect()
        except OSError as error:
            why = unreached(error, peer.ip)
            found.facts |= {"open": False, "answers": why.outcome == "connection_refused", "why": why.words}
            if not why.outcome:
                found.unavailable(why.words)
            return
        found.facts |= {"open": True, "answers": True}
        try:
            await _look(peer, stream, found.facts)
        except (TalkError, TurnedAwayError, HandshakeError) as error:
            found.facts["stopped"] = str(getattr(error, "strerror", None) or error)
        finally:
            await stream.close()


async def _look(peer: Peer, stream: Stream, facts: dict[str, Any]) -> None:
    """Fills in `facts` as far as the server lets us come."""
    if peer.port == SMTPS:
        stream = await _secured(peer, stream, facts)
    opened = await introduced(peer, stream)
    facts |= banner_facts(opened.greeting)
    if peer.port == SMTPS:
        facts |= opened.hello.facts()
        return
    facts["starttls"] = opened.hello.offers("STARTTLS")
    facts["auth_in_the_clear"] = opened.hello.facts().get("auth", [])
    if not facts["starttls"]:
        return
    reply = await opened.talk.command("STARTTLS", peer.limits.reply)
    if reply.code != READY or opened.talk.unread:
        raise TurnedAwayError(reply)
    inner = await hello(peer, Talk(await _secured(peer, stream, facts)))
    facts |= inner.facts()


async def _secured(peer: Peer, stream: Stream, facts: dict[str, Any]) -> Stream:
    agreed = await handshake(
        stream, server_name=peer.server_name, roots=roots(peer.run.options.ca_file), seconds=peer.limits.tls
    )
    facts |= {"protocol": agreed.protocol, "cipher": agreed.cipher}
    return agreed.stream
