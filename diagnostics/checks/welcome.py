"""The greeting: waited for, told apart from other protocols, and judged."""

from __future__ import annotations

import asyncio
from typing import Final, NoReturn

from diagnostics.checks.greeting import banner_facts, foreign, foreign_reply, is_tls
from diagnostics.checks.hello import masked_greeting
from diagnostics.checks.implicit import Spoken, spoken_at_once
from diagnostics.checks.stages import Stages, quoted
from diagnostics.checks.talk import LONGEST_LINE, Reply, Talk, TalkError

_GREETED: Final = 220


async def welcome(stages: Stages, talk: Talk, *, may_be_tls: bool) -> Reply:
    """The greeting of a server that lets us in. Raises StopError after any other.

    `may_be_tls` tries TLS on a port that stays silent: "does not greet" would be half the truth."""
    greeting = await _greeting(stages, talk, may_be_tls=may_be_tls)
    stages.found.facts.update(banner_facts(greeting))
    if 400 <= greeting.code < 600:
        stages.stop("greeting_421" if greeting.code < 500 else "greeting_554", greeting.text)
    if name := foreign_reply(greeting):
        stages.stop("not_smtp", f"it speaks {name}")
    if greeting.code != _GREETED:
        stages.stop("protocol_error", f'it greets with "{greeting.text}"')
    if greeting.longest > LONGEST_LINE:
        stages.found.add("banner_too_long", f"a line of {greeting.longest} bytes")
    if masked_greeting(greeting):
        stages.inspect("the banner is masked with asterisks")
    return greeting


async def _greeting(stages: Stages, talk: Talk, *, may_be_tls: bool) -> Reply:
    limits = stages.peer.limits
    clock = asyncio.get_running_loop().time
    began = clock()
    waiting = asyncio.ensure_future(talk.reply(limits.banner))
    try:
        if may_be_tls and (spoken := await _spoken_meanwhile(stages, talk, waiting)):
            _stop_foreign(stages, spoken)
        greeting = await waiting
    except TalkError as error:
        _stop_without(stages, error)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    took = clock() - began
    if took > limits.slow and greeting.code == _GREETED:
        stages.found.add("slow_banner", f"{took:.1f} seconds")
    return greeting


async def _spoken_meanwhile(stages: Stages, talk: Talk, waiting: asyncio.Future[Reply]) -> Spoken | None:
    """While nothing has come, finds out on a second connection what the port speaks."""
    await asyncio.wait({waiting}, timeout=stages.peer.limits.silent)
    if waiting.done() or talk.unread:
        return None
    probing = asyncio.ensure_future(spoken_at_once(stages.peer))
    try:
        await asyncio.wait((waiting, probing), return_when=asyncio.FIRST_COMPLETED)
        return None if waiting.done() else probing.result()
    finally:
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)


def _stop_foreign(stages: Stages, spoken: Spoken) -> NoReturn:
    if spoken.protocol != "TLS":
        stages.stop("not_smtp", f"it speaks {spoken.protocol}")
    inside = f' and greets inside of it with "{spoken.inside}"' if spoken.inside else ""
    stages.stop("implicit_tls", f"it is silent until TLS begins{inside}")


def _stop_without(stages: Stages, error: TalkError) -> NoReturn:
    """What a session without a greeting is."""
    if is_tls(error.seen):
        stages.stop("implicit_tls", "its first bytes are a TLS record")
    if error.why == "malformed" and not error.seen[:3].isdigit():
        name = foreign(error.seen)
        stages.stop("not_smtp", f"it speaks {name}" if name else f"it begins with {quoted(error.seen)}")
    if error.why == "too-long":
        stages.stop("banner_too_long", error.words)
    if error.why == "timeout":
        what = f"only {quoted(error.seen)}" if error.seen else "nothing"
        stages.stop("banner_timeout", f"{what} in {stages.peer.limits.banner:g} seconds")
    if not error.seen:
        stages.unreached("connection_reset", f"{error.words} before greeting")
    stages.stop("protocol_error", f"{error.words}; it began with {quoted(error.seen)}")
