"""The receiving server greylists: it defers the first attempt on purpose.

## What is happening
A server that doesn't know the combination of sending address, sender and recipient answers the first attempt
with a temporary error (`450 4.2.0 … Greylisted`, `451 4.7.1 Please try again later`) and takes the next one,
some minutes later. Nothing is wrong. It only becomes a problem when each retry comes from another address,
as from Exchange Online or a farm of servers, and the receiver starts anew each time.

## What proves it
- the word itself; or the message is accepted at the second attempt, some minutes later

## Not this when
- it goes on for hours, from one address (`quota-throttle.remote.rate-limited`, or a block)

## References
- https://www.rfc-editor.org/rfc/rfc6647
- https://www.rfc-editor.org/rfc/rfc5321
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.lists import of_microsoft
from diagnostics.facts import Said
from diagnostics.mail_facts import Headers, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step
from diagnostics.seen import by_own_log

_DELAYED = linear(r"(?i)delayed (\d{1,7}) seconds")
_WORTH_SAYING: Final = 600  # seconds
# Words of servers that put an unknown sender off without naming a greylist.
_NAMES: Final = ("first", "unknown sender", "new sender", "not seen", "never seen", "triplet")


INTENTIONAL: Final = "Intentional policy rejection, please try again later"  # iRedAPD's greylisting


@cause(
    id="quota-throttle.remote.greylisting",
    act="recipient-side",
    says=(
        "Greylist",
        "Grey-list",
        "Graylist",
        "Postgrey",
        "Sender triplet unknown",
        "4.7.1 Please try again later",
        "4.7.1 Try again later",
        "4.7.1 Service unavailable - try again later",
        "Temporarily rejected. Try again later",
        "Please try sending again",
        "Internal resources are temporarily unavailable",
        "Internal resource temporarily unavailable",
        INTENTIONAL,
        *_NAMES,
    ),
    against={
        "unexpected volume or user complaints": "judges the sender's traffic; a greylist only wants a second try",
    },
)
def assess(anchor: Said | Headers | Told) -> Finding | None:
    """The word names it, unless it went on until the message expired; a delivered message has its delay in a header."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Headers):
        return _delayed(anchor)
    said = anchor
    own = by_own_log(said) or "action=greylist" in said.source.quote  # Postgrey's own line
    who = "This server" if own else said.by or "The receiving server"
    named = has(said, "greylist", "grey-list", "graylist", "postgrey")
    if said.signature in _NAMES and (
        "first-seen" not in topics(said) or of_microsoft(said.text) or said.text[:1] == "5"
    ):
        return None
    if has(said, "expired", "5.4.300", "4.4.7"):
        because = f"{who} greylists, and never let a retry in before the message expired; that happens when each one "
        because += "comes from another address."
        return Finding(Belief.LIKELY if named else Belief.POSSIBLE, because, (said,), _steps(), weight=1.2)
    because = f"{who} puts an unknown sender off for some minutes; the next attempt is accepted without anybody's help."
    if named:
        return Finding(
            Belief.CONFIRMED, because, (said,), _own_steps() if own else _steps(), "on-prem" if own else None
        )
    if by_microsoft(said):
        return None
    if said.signature == INTENTIONAL and said.text[:1] != "4":
        return None
    if said.signature in (*_NAMES, INTENTIONAL):
        return Finding(Belief.LIKELY, because, (said,), _own_steps() if own else _steps(), "on-prem" if own else None)
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.6)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "only-the-first-waits":
        return None
    because = "Only the first message waits, and what follows arrives at once, as you tell it: a server that greylists puts an "
    because += "unknown sender off for some minutes and knows it from then on."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.6)


def _own_steps() -> tuple[Step, ...]:
    return (
        advise(
            "The log is that of the server that greylists: the sender comes again within minutes and is let in, and is known "
            "from then on."
        ),
        advise(
            "Exempt senders that come from many addresses, such as Microsoft 365 and other large providers, by name or range."
        ),
    )


def _delayed(headers: Headers) -> Finding | None:
    told = _DELAYED.search(headers.get("X-Greylist"))
    if told is None or int(told.group(1)) < _WORTH_SAYING:
        return None
    because = (
        f"The receiving server's greylist kept the message waiting for {int(told.group(1)) // 60} minutes (X-Greylist)"
    )
    because += "; a sender whose retries come from many addresses, as Microsoft's do, waits long."
    return Finding(Belief.LIKELY, because, (headers,), _steps(), weight=1.2)


def _steps() -> tuple[Step, ...]:
    return (
        advise("Wait for the next attempts, some 5 to 30 minutes apart; don't send the message again."),
        look(
            "See when the queue tries next.",
            "Get-Queue -Filter \"Status -eq 'Retry'\" | Format-List NextHopDomain,LastRetryTime,NextRetryTime,LastError",
        ),
        change(
            "If it is urgent, and the first attempt is more than five minutes old, retry now.",
            "Retry-Queue -Filter \"Status -eq 'Retry'\"",
            changes="Every waiting queue of this server is tried now instead of later.",
            undo="None needed: it only brings the next attempt forward.",
            verify="The queue is empty.",
        ),
        advise(
            "If it never ends: ask the receiver to exempt your whole sending range, or to greylist by network instead of "
            "by single address."
        ),
    )
