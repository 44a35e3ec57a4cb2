"""STARTTLS, with a verdict for each stage: offered, agreed to, the handshake, the certificate, and EHLO inside.

A server that doesn't offer it has no certificate to judge; one that cuts off in the middle is not one that refuses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.checks.certificate import Judged, judge
from diagnostics.checks.greeting import is_tls
from diagnostics.checks.hello import Hello
from diagnostics.checks.introduction import READY, TurnedAwayError, hangs_up, hello, ready_for_tls
from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.peer import Peer
from diagnostics.checks.run import Found
from diagnostics.checks.smtp import Session
from diagnostics.checks.stages import quoted
from diagnostics.checks.talk import Talk, TalkError
from diagnostics.network import Stream
from diagnostics.network.tls import Handshake, HandshakeError, handshake, roots

# Answers whether only obsolete versions of TLS work; that is said where the versions are tried.
Legacy = Callable[[], Awaitable[bool]]

# How a server ends a handshake whose versions it doesn't speak; Windows cuts the connection off without an alert.
_ABOUT_VERSIONS: Final = ("alert", "local", "closed", "reset")
_ENDED: Final[dict[str, Outcome]] = {
    "closed": "starttls_closed",
    "reset": "starttls_reset",
    "timeout": "starttls_timeout",
}


class Secured(Struct, frozen=True):
    """A session inside TLS: its certificate judged, and `talk` after the second EHLO, None where the server ended it."""

    handshake: Handshake
    judged: Judged
    talk: Talk | None = None
    hello: Hello | None = None


async def starttls(session: Session, legacy: Legacy) -> Secured | None:
    """None without TLS; `session.talk.usable` then tells whether the plain session goes on."""
    peer = session.peer
    secured = None
    async with peer.run.attempt("starttls", peer.subject) as found:
        found.facts["host"] = peer.host
        if _offered(session, found) and await _agreed(session, found):
            session.talk.usable = False  # its stream belongs to TLS from here on
            secured = await secure(peer, session.talk.stream, found, legacy)
            if secured:
                secured = await _inside(peer, secured, found)
    return secured


async def secure(peer: Peer, stream: Stream, found: Found, legacy: Legacy, *, at_once: bool = False) -> Secured | None:
    """The handshake, and the certificate judged. `at_once` where no STARTTLS came before."""
    try:
        agreed = await handshake(
            stream,
            server_name=peer.server_name,
            roots=roots(peer.run.options.ca_file),
            seconds=peer.limits.tls,
        )
    except HandshakeError as error:
        if error.kind in _ABOUT_VERSIONS and await legacy():
            found.facts["tls"] = "obsolete versions only"
            await _look_at_obsolete(peer, found, at_once=at_once)
            return None
        _add_failure(found, error, at_once=at_once)
        return None
    return Secured(agreed, _judged(peer, agreed, found))


async def _look_at_obsolete(peer: Peer, found: Found, *, at_once: bool) -> None:
    """The certificate of a server that speaks obsolete versions only: what is wrong with it is wrong in any version."""
    with suppress(HandshakeError, TurnedAwayError, TalkError, OSError):
        stream = await (peer.connect() if at_once else ready_for_tls(peer))
        try:
            agreed = await handshake(
                stream,
                server_name=peer.server_name,
                minimum="TLSv1",
                maximum="TLSv1.1",
                roots=roots(peer.run.options.ca_file),
                seconds=peer.limits.tls,
            )
            _judged(peer, agreed, found)
        finally:
            await stream.close()


def _judged(peer: Peer, agreed: Handshake, found: Found) -> Judged:
    found.facts |= {"protocol": agreed.protocol, "cipher": agreed.cipher, "name_checked": peer.server_name}
    judged = judge(
        agreed.chain,
        agreed.faults,
        names=(peer.server_name,),
        options=peer.run.options,
        built=agreed.built,
    )
    for outcome, detail in judged.outcomes.items():
        found.add(outcome, detail)
    found.facts |= judged.facts
    return judged


def _offered(session: Session, found: Found) -> bool:
    if session.hello.offers("STARTTLS"):
        return True
    if session.inspected:
        found.skip("a middlebox rewrites the session, so what the server offers can't be seen")
    elif not session.hello.extended:
        found.skip("the server knows no EHLO, and so no STARTTLS")
    else:
        found.add("starttls_not_offered")
    return False


async def _agreed(session: Session, found: Found) -> bool:
    """Whether TLS may begin on the session's stream."""
    peer, talk = session.peer, session.talk
    try:
        reply = await talk.command("STARTTLS", peer.limits.reply)
    except TalkError as error:
        await _add_silence(peer, found, error)
        return False
    if reply.code != READY:
        if session.inspected:
            found.skip(f"a middlebox rewrites the session; the answer was: {reply.text}")
        else:
            found.add("starttls_refused", reply.text)
        return False
    if is_tls(talk.unread):
        found.add("tls_handshake_failed", "the server sent a TLS record before we spoke")
        return False
    if talk.unread:
        found.add("protocol_error", f"after agreeing to TLS the server went on in the clear: {quoted(talk.unread)}")
        return False
    return True


async def _add_silence(peer: Peer, found: Found, error: TalkError) -> None:
    if error.why in ("closed", "reset") and not error.seen and await hangs_up(peer):
        async with peer.run.attempt("smtp", peer.subject) as second:
            second.add("dropped_after_ehlo", "also when nothing is said after EHLO")
        found.skip("the server ends the session before STARTTLS")
        return
    ended = _ENDED.get(error.why)
    if ended:
        found.add(
            ended, "no answer to STARTTLS" if ended == "starttls_timeout" else f"{error.words} in place of an answer"
        )
    else:
        found.add("protocol_error", f"after STARTTLS, {error.words}: {quoted(error.seen)}")


def _add_failure(found: Found, error: HandshakeError, *, at_once: bool) -> None:
    outcome = None if at_once else _ENDED.get(error.kind)
    if outcome:
        found.add(outcome, f"in the handshake: {error.text}")
    elif error.kind == "not-tls":
        found.add("tls_handshake_failed", f"the answer is not TLS: {quoted(error.text.encode('latin-1'))}")
    elif error.alert:
        found.add("tls_handshake_failed", f"the server sent TLS alert {error.alert}: {error.text}")
    else:
        found.add("tls_handshake_failed", error.text)


async def _inside(peer: Peer, secured: Secured, found: Found) -> Secured:
    """EHLO again: what was said in the clear doesn't count any more (RFC 3207, 4.2)."""
    talk = Talk(secured.handshake.stream)
    try:
        inner = await hello(peer, talk)
    except TurnedAwayError as refused:
        found.add("ehlo_rejected", f"inside TLS: {refused.strerror}")
        return secured
    except TalkError as error:
        found.add(_ENDED.get(error.why, "protocol_error"), f"after the handshake, {error.words} to EHLO")
        return secured
    found.facts |= inner.facts()
    return replace(secured, talk=talk, hello=inner)
