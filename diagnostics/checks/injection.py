"""Plaintext injection: does a command that was sent in the clear, right behind STARTTLS, run inside TLS? (CVE-2011-0411)

Whoever sits on the way could then put commands into somebody else's encrypted session. We put in NOOP, which does nothing.
"""

from __future__ import annotations

from diagnostics.checks.introduction import READY, Introduction, TurnedAwayError, introduced
from diagnostics.checks.peer import Peer
from diagnostics.checks.run import Found
from diagnostics.checks.talk import Talk, TalkError
from diagnostics.network.tls import HandshakeError, handshake, roots


async def injection(peer: Peer) -> None:
    """Looks on a connection of its own, where STARTTLS is offered."""
    async with peer.run.attempt("injection", peer.subject) as found:
        stream = await peer.connect()
        try:
            opened = await introduced(peer, stream)
            await _look(peer, opened, found)
        except TurnedAwayError as refused:
            found.unavailable(f"the server did not want another session: {refused.strerror}")
        except TalkError as error:
            found.unavailable(error.words)
        finally:
            await stream.close()


async def _look(peer: Peer, opened: Introduction, found: Found) -> None:
    talk = opened.talk
    await talk.send(b"STARTTLS\r\nNOOP\r\n")
    try:
        reply = await talk.reply(peer.limits.reply)
    except TalkError as error:  # a way to refuse
        found.facts["answer"] = error.words
        return
    if reply.code != READY or talk.unread:
        found.facts["answer"] = "refused" if reply.code != READY else "answered in the clear"
        return
    try:
        agreed = await handshake(
            talk.stream, server_name=peer.server_name, roots=roots(peer.run.options.ca_file), seconds=peer.limits.tls
        )
    except HandshakeError as error:
        found.facts["answer"] = f"no TLS after it ({error.kind})"
        return
    if await _answers_twice(peer, Talk(agreed.stream)):
        found.add("starttls_injection", "a NOOP sent before the handshake was answered inside of it")
    else:
        found.facts["answer"] = "ignored"


async def _answers_twice(peer: Peer, talk: Talk) -> bool:
    """Whether one EHLO gets two replies. NOOP's is one line, so an answer of several is EHLO's and settles it at once."""
    try:
        first = await talk.command(f"EHLO {peer.run.options.ehlo_name}", peer.limits.reply)
        if len(first.lines) > 1:
            return False
        second = await talk.reply(peer.limits.stray)
    except TalkError:
        return False
    return first.positive and second.positive
