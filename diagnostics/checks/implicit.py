"""A port that stays silent may wait for us to speak first: TLS at once, or a protocol that isn't SMTP."""

from __future__ import annotations

from msgspec import Struct

from diagnostics.checks.greeting import foreign
from diagnostics.checks.peer import Peer
from diagnostics.checks.talk import Talk, TalkError
from diagnostics.network import Stream
from diagnostics.network.tls import HandshakeError, handshake, roots


class Spoken(Struct, frozen=True):
    """What a silent port turned out to speak: "TLS", with the banner inside, or another protocol's name."""

    protocol: str
    inside: str = ""


async def spoken_at_once(peer: Peer) -> Spoken | None:
    """Says hello in TLS on a connection of its own. None when that tells nothing. Raises OutOfScopeError."""
    try:
        stream = await peer.connect()
    except OSError:
        return None
    try:
        return await _spoken(peer, stream)
    finally:
        await stream.close()


async def _spoken(peer: Peer, stream: Stream) -> Spoken | None:
    try:
        secured = await handshake(
            stream,
            server_name=peer.server_name,
            minimum="TLSv1",
            roots=roots(peer.run.options.ca_file),
            seconds=peer.limits.tls,
        )
    except HandshakeError as error:
        if error.kind == "alert":  # refused, in TLS
            return Spoken("TLS")
        name = foreign(error.text.encode("latin-1")) if error.kind == "not-tls" else ""
        return Spoken(name) if name else None
    try:
        greeting = await Talk(secured.stream).reply(peer.limits.stray)
    except TalkError:
        return Spoken("TLS")
    return Spoken("TLS", greeting.text)
