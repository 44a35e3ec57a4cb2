"""The first part of a session, with a verdict for each stage: connect, greeting, EHLO.

Each stage says only what it saw itself: a server that greets with 554 is not also one that doesn't offer STARTTLS.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct

from diagnostics.checks.greeting import foreign_reply, hello_facts
from diagnostics.checks.hello import Hello, masked_verb
from diagnostics.checks.peer import Peer
from diagnostics.checks.reaching import unreached
from diagnostics.checks.stages import Stages, StopError, quoted
from diagnostics.checks.talk import Reply, Talk, TalkError
from diagnostics.checks.welcome import welcome
from diagnostics.network import Stream

Secure = Callable[[Stream], Awaitable[Stream | None]]
_DONE: Final = 250


class Session(Struct, frozen=True):
    """A session after EHLO. `inspected`: a middlebox rewrites it, so what is missing says nothing about the server."""

    peer: Peer
    talk: Talk
    hello: Hello
    inspected: bool = False


async def smtp(peer: Peer, *, as_mx: bool = False, secure: Secure | None = None) -> Session | None:
    """Opens a session; None when it did not come to one. `secure` is called on the open connection where TLS is spoken
    first, and returns the stream inside or None. The session's stream is the caller's to close."""
    session = None
    async with peer.run.attempt("smtp", peer.subject) as found:
        found.facts["host"] = peer.host
        found.facts["ip_version"] = ipaddress.ip_address(peer.ip).version
        with suppress(StopError):
            session = await _session(Stages(peer, found, as_mx), secure)
    return session


async def _session(stages: Stages, secure: Secure | None) -> Session:
    async with stages.timed("connect"):
        stream = outer = await _connected(stages)
    try:
        if secure:
            stream = await secure(outer) or stages.stop()
        talk = Talk(stream)
        async with stages.timed("banner"):
            greeting = await welcome(stages, talk, may_be_tls=secure is None)
        async with stages.timed("ehlo"):
            hello = await _hello(stages, talk, greeting)
    except BaseException:
        await outer.close()
        raise
    stages.found.facts = {**hello_facts(hello), **stages.found.facts}
    return Session(stages.peer, talk, hello, stages.inspected)


async def _connected(stages: Stages) -> Stream:
    try:
        return await stages.peer.connect()
    except OSError as error:
        why = unreached(error, stages.peer.ip)
        if why.outcome:
            stages.unreached(why.outcome, f"{why.words}{_signs_of_life(stages.peer)}")
        stages.found.unavailable(why.words)
        stages.stop()


def _signs_of_life(peer: Peer) -> str:
    """What another port of the same host has answered meanwhile: this one may be blocked on the way, or from here."""
    for attempt in peer.run.attempts:
        address, _, port = attempt.subject.rpartition(":")
        if attempt.check == "submission" and address.strip("[]") == peer.ip and attempt.facts.get("answers"):
            return f", while port {port} answers"
    return ""


async def _hello(stages: Stages, talk: Talk, greeting: Reply) -> Hello:
    reply = await _introduced(stages, talk)
    if reply.code == _DONE:
        hello = Hello.of(reply)
        if hello.masked:
            stages.inspect("a keyword in the answer to EHLO was overwritten with X")
        return hello
    if masked_verb(reply):
        stages.inspect("the server got a verb that was overwritten with X")
    if name := foreign_reply(greeting, reply):
        stages.stop("not_smtp", f"it speaks {name}")
    if reply.code < 400:
        stages.stop("protocol_error", f'it answers EHLO with "{reply.text}"')
    return await _old_hello(stages, talk, reply)


async def _introduced(stages: Stages, talk: Talk) -> Reply:
    try:
        return await talk.command(f"EHLO {stages.peer.run.options.ehlo_name}", stages.peer.limits.reply)
    except TalkError as error:
        if error.why in ("closed", "reset"):
            stages.stop("dropped_after_ehlo", error.words)
        seen = f": {quoted(error.seen)}" if error.seen else ""
        stages.stop("protocol_error", f"after EHLO, {error.words}{seen}")


async def _old_hello(stages: Stages, talk: Talk, refusal: Reply) -> Hello:
    """HELO, where EHLO was refused for good; a 4xx asks to come back, not to speak differently."""
    reply = refusal
    if refusal.code >= 500:
        with suppress(TalkError):
            reply = await talk.command(f"HELO {stages.peer.run.options.ehlo_name}", stages.peer.limits.reply)
    if reply.code != _DONE:
        stages.stop(None if stages.inspected else "ehlo_rejected", refusal.text)
    if not stages.inspected:
        stages.found.add("ehlo_unsupported", refusal.text)
    return Hello.of(reply, extended=False)
