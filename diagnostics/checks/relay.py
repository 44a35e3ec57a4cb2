"""Does the server take mail for strangers from a stranger?

The sender is empty, which every server must accept (RFC 5321, 4.5.5), and no message is ever sent: the transaction ends
at RCPT. Recipients are in domains that RFC 2606 keeps for examples. One accepted recipient proves little, as some servers
accept everything and refuse later; two in unrelated domains is what we call an open relay.
"""

from __future__ import annotations

import asyncio
from typing import Final

from diagnostics.checks.hello import Hello
from diagnostics.checks.introduction import TurnedAwayError, introduced
from diagnostics.checks.peer import Peer
from diagnostics.checks.run import Found
from diagnostics.checks.talk import Reply, Talk, TalkError

_DOMAINS: Final = ("example.com", "example.net", "example.org")
_RECIPIENT: Final = "relay-test"  # not postmaster, whom some servers let pass in every domain
_ASKED: Final = 2
_ACCEPTED: Final = (250, 251)


async def relay(peer: Peer, talk: Talk, hello: Hello) -> None:
    """Asks in a session after EHLO, and leaves the session without a transaction."""
    async with peer.run.attempt("relay", peer.subject) as found:
        await _look(peer, talk, hello, found)


async def relay_apart(peer: Peer) -> None:
    """Asks in a plain session of its own, where TLS broke the first one."""
    async with peer.run.attempt("relay", peer.subject) as found:
        stream = await peer.connect()
        try:
            opened = await introduced(peer, stream)
            await _look(peer, opened.talk, opened.hello, found)
            await opened.talk.quit(peer.limits.goodbye)
        except TurnedAwayError as refused:
            found.unavailable(f"the server did not want another session: {refused.strerror}")
        except TalkError as error:
            found.unavailable(error.words)
        finally:
            await stream.close()


async def _look(peer: Peer, talk: Talk, hello: Hello, found: Found) -> None:
    answers: dict[str, str] = {}
    found.facts["answers"] = answers
    try:
        async with asyncio.timeout(peer.limits.relay):
            for domain in _outside(peer, hello):
                reply = await _asked(talk, domain, peer.limits.relay, pipelining=hello.offers("PIPELINING"))
                answers[domain] = reply.text
                if reply.code not in _ACCEPTED:
                    return
    except TimeoutError:
        talk.usable = False
        found.unavailable("no answer in time; servers delay a refusal on purpose (tarpit)")
    except TalkError as error:
        found.unavailable(f"{error.words} in place of an answer")
    else:
        found.add("open_relay", f"it accepts recipients at {' and '.join(answers)}")


def _outside(peer: Peer, hello: Hello) -> list[str]:
    """Two domains that are surely not the server's own."""
    own = [name.lower().rstrip(".") for name in (peer.host, peer.server_name, hello.name, peer.run.target.host)]
    foreign = [each for each in _DOMAINS if not any(name == each or name.endswith(f".{each}") for name in own)]
    return foreign[:_ASKED]


async def _asked(talk: Talk, domain: str, seconds: float, *, pipelining: bool) -> Reply:
    """The answer to RCPT, or to MAIL where that is refused already. An accepted recipient is forgotten again."""
    sender, recipient = "MAIL FROM:<>", f"RCPT TO:<{_RECIPIENT}@{domain}>"
    if pipelining:  # RFC 2920: one round trip for both
        await talk.send(f"{sender}\r\n{recipient}\r\n".encode("ascii"))
        reply = await talk.reply(seconds)
        answer = await talk.reply(seconds)
        answer = answer if reply.positive else reply
    else:
        reply = await talk.command(sender, seconds)
        answer = await talk.command(recipient, seconds) if reply.positive else reply
    if reply.positive and answer.positive:
        await talk.command("RSET", seconds)
    return answer
