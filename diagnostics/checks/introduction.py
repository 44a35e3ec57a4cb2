"""A session for another look at a server that was already judged: straight to EHLO or into STARTTLS, without a verdict."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from diagnostics.checks.hello import Hello
from diagnostics.checks.peer import Peer
from diagnostics.checks.talk import Reply, Talk, TalkError
from diagnostics.network import Stream

GREETED: Final = 220
DONE: Final = 250
READY: Final = 220  # for TLS


class TurnedAwayError(ConnectionError):
    """The server did not want this session; the text is its reply. That says nothing about what was to be looked at."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(None, reply.text)


class Introduction(Struct, frozen=True):
    talk: Talk
    greeting: Reply
    hello: Hello


async def introduced(peer: Peer, stream: Stream) -> Introduction:
    """Greeting and EHLO on an open stream. Raises TalkError or TurnedAwayError; the stream is the caller's to close."""
    talk = Talk(stream)
    greeting = await talk.reply(peer.limits.banner)
    if greeting.code != GREETED:
        raise TurnedAwayError(greeting)
    return Introduction(talk, greeting, await hello(peer, talk))


async def hello(peer: Peer, talk: Talk) -> Hello:
    reply = await talk.command(f"EHLO {peer.run.options.ehlo_name}", peer.limits.reply)
    if reply.code != DONE:
        raise TurnedAwayError(reply)
    return Hello.of(reply)


async def ready_for_tls(peer: Peer) -> Stream:
    """A stream on which TLS may begin now: just after the server's 220 to STARTTLS. Raises OSError."""
    stream = await peer.connect()
    try:
        await _agreed_to_tls(peer, (await introduced(peer, stream)).talk)
    except BaseException:
        await stream.close()
        raise
    return stream


async def _agreed_to_tls(peer: Peer, talk: Talk) -> None:
    reply = await talk.command("STARTTLS", peer.limits.reply)
    if reply.code != READY:
        raise TurnedAwayError(reply)
    if talk.unread:
        raise TalkError("unasked", talk.unread)


async def hangs_up(peer: Peer) -> bool:
    """Whether the server ends a session by itself after EHLO, with nothing said after it."""
    try:
        stream = await peer.connect()
    except OSError:
        return False
    try:
        talk = (await introduced(peer, stream)).talk
        await talk.reply(peer.limits.stray)
    except TalkError as error:
        return error.why in ("closed", "reset")
    except TurnedAwayError:
        return False
    finally:
        await stream.close()
    return False
