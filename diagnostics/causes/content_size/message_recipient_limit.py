"""The message is larger than this one recipient may receive.

## What is happening
The mailbox, group or contact that was addressed has a MaxReceiveSize of its own that is smaller than the
message: `550 5.2.3 RESOLVER.RST.RecipSizeLimit`. Other recipients of the same message get it. The message transfer agent of
Exchange 5.5 to 2003 says `The content length of the message is too long for the recipient to take delivery`.

## What proves it
- MaxReceiveSize of the recipient is a number below the message's size

## Not this when
- it is Unlimited: then another limit on the way refused it

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/message-size-limits
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.content_size.limits import (
    ANYBODYS,
    BY_IMS,
    LIMIT_OR_FULL,
    OF_EVENT,
    OWN_LIMIT_OR_FULL,
    about_the_header,
)
from diagnostics.causes.recipient.lookup import address, by_microsoft, holders, named, proxies, refused_by_server
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Act, Shell, Step

# X.400's name of the reason, in words and in event 290 of the message transfer agent.
_BY_MTA: Final = ("content length of the message is too long", "diagnostic code content-too-long")
# Too large for somebody: whose limit it was is left open.
_UNTOLD: Final = (OWN_LIMIT_OR_FULL, OF_EVENT, *ANYBODYS)
_WORTH: Final = {OF_EVENT: 1.5, OWN_LIMIT_OR_FULL: 1.2}
_TOKEN: Final = ("recipsizelimit", "too large for this recipient")


@cause(
    id="content-size.message.recipient-limit",
    act="recipient-side",
    says=(
        "RESOLVER.RST.RecipSizeLimit",
        "message too large for this recipient",
        "5.2.3",
        LIMIT_OR_FULL,
        *_BY_MTA,
        *_UNTOLD,
    ),
    against={
        "ROUTING.SizeLimit": "is a limit on the route; one of the recipient says `RecipSizeLimit`",
    },
)
def assess(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The token names the recipient's own limit; without it, the limit that the directory shows."""
    wanted = address(said, replies)
    if said.signature in _UNTOLD and not any(words in said.text.lower() for words in _TOKEN):
        return _untold(said, wanted)
    if said.signature == "5.2.3":
        return _shown(said, wanted, objects)
    if said.signature in _BY_MTA:
        return _by_mta(said, wanted, replies)
    if said.signature == LIMIT_OR_FULL and "5.2.2" in said.text:
        return None  # the code says which: the mailbox is full
    if said.signature == LIMIT_OR_FULL:
        because = (
            "The report names two reasons and leaves open which: the message is larger than the recipient or a server "
        )
        because += "allows, or the recipient's mailbox is full. A short message tells."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, EMS), weight=1.9)
    outside = "remote server returned" in said.text.lower()
    online = by_microsoft(said)
    act: Act = "recipient-side" if outside else "exchange-online" if online else "on-prem"
    because = f"{named(wanted, 'The recipient')} has a MaxReceiveSize of its own, and the message is larger."
    if outside:
        because += " It is set in the recipient's organization."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(wanted, EXO if online else EMS), act)


@shown
def limits(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Whether the recipient that was looked at has a limit of its own."""
    known = [each for each in objects if each.kind in ("mailbox", "recipient") and each.told("MaxReceiveSize")]
    wanted = {each.recipient for each in replies if each.recipient}
    mine = [each for each in known if any(holders(address, (each,)) for address in wanted)]
    met = mine[0] if mine else known[0] if len(known) == 1 and not (wanted and proxies(known[0])) else None
    if met is None:
        return None
    if _limit(met):
        because = f"{met.name or 'The recipient'} has a MaxReceiveSize of its own: {_limit(met)}."
        return Finding(Belief.LIKELY, because, (met,), _steps(next(iter(wanted), ""), EMS))
    if met.get("MaxReceiveSize").lower() != "unlimited":
        return None
    because = f"{met.name or 'The recipient'} has no limit of its own (MaxReceiveSize Unlimited)."
    return Finding(Belief.RULED_OUT, because, (met,))


def _untold(said: Said, wanted: str) -> Finding | None:
    """The message met a limit, and one that only this recipient has ends in the same words as one of a route."""
    if about_the_header(said):
        return None
    because = f"If messages of this size reach other recipients, {named(wanted, 'the recipient')} has a size limit of its own."
    weight = _WORTH.get(said.signature, 0.6)
    online = by_microsoft(said)
    steps = _steps(wanted, EXO if online else EMS)
    return Finding(Belief.POSSIBLE, because, (said,), steps, "exchange-online" if online else "on-prem", weight=weight)


def _by_mta(said: Said, wanted: str, replies: tuple[Reply, ...]) -> Finding | None:
    """The transfer agent's words, which its own limit and a connector's end in as well. One that names itself below is meant."""
    if refused_by_server(replies) or any(each.whole.upper().startswith(BY_IMS) for each in replies):
        return None
    because = "The message transfer agent found the message too long for this recipient: the mailbox, contact or list that was "
    because += "addressed has a size limit of its own, though the server and its connectors may have none."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, EMS), "on-prem", weight=1.9)


def _shown(said: Said, wanted: str, objects: tuple[Configured, ...]) -> Finding | None:
    """A plain 5.2.3, and a limit of its own on the recipient that was sent along."""
    known = [each for each in objects if each.kind in ("mailbox", "recipient") and _limit(each)]
    own = next(iter(holders(wanted, known)), None) or (known[0] if len(known) == 1 and not proxies(known[0]) else None)
    if own is None or "sendsizelimit" in said.text.lower():
        return None
    because = f"{own.name or named(wanted, 'The recipient')} has a MaxReceiveSize of its own ({_limit(own)}), and the message "
    because += "was refused as too large."
    return Finding(Belief.LIKELY, because, (said, own), _steps(wanted, EMS), "on-prem", weight=1.5)


def _limit(entry: Configured) -> str:
    """`5 MB`, "" where the object has no limit of its own."""
    written = entry.get("MaxReceiveSize").partition(" (")[0]
    return written if written[:1].isdigit() else ""


def _steps(wanted: str, shell: Shell) -> tuple[Step, ...]:
    return (
        look(
            "See the recipient's limit (for a group: Get-DistributionGroup).",
            "Get-Mailbox {address} | Format-List Name,PrimarySmtpAddress,RecipientTypeDetails,MaxReceiveSize",
            shell,
            address=wanted,
        ),
        advise("Sender: make the attachment smaller, or share it as a link."),
        change(
            "If the recipient is yours and should get such messages, raise the limit.",
            "Set-Mailbox {address} -MaxReceiveSize 50MB",
            shell=shell,
            changes="This mailbox receives messages up to 50 MB.",
            undo="The same with the value that the first command showed.",
            verify="The message is delivered when it is sent again.",
            address=wanted,
        ),
    )
