"""The message has more recipients than a limit on its way allows.

## What is happening
Somebody counts recipients: the organization (MaxRecipientEnvelopeLimit), the sender's mailbox
(RecipientLimits), the Receive connector (MaxRecipientsPerMessage), or the receiving system in one
transaction. Exchange answers `550 5.5.3 RESOLVER.ADR.RecipLimit`, a receiving server `452 4.5.3 Too many
recipients`, after which a proper mail server sends the rest in the next transaction; applications often
don't.

## What proves it
- the token, or a recipient count above the limit

## Not this when
- an AS number follows, `4.5.3 Too many recipients (AS780090)`: Exchange Online throttles the address
  (`quota-throttle.eop.ip-throttled`)
- the message has few recipients

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Said
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_WORDS: Final = (
    "Too many recipients",
    "Recipient count exceeds",
    "number of recipients exceeds",
    "maximum number of recipients",
    "recipient limit exceeded",
    "zu viele Empfänger",
    "trop de destinataires",
    "demasiados destinatarios",
    "troppi destinatari",
)
_OF_GOOGLE: Final = "exceeded its quota for total number of external recipients"
_FILED: Final = "MapiExceptionTooManyRecips"
_WAIT: Final = "Wait a day. Mail to many outside belongs to a service that is made for it, or to a smaller group."
_THROTTLED = linear(r"\bAS\W?\d{4,}")


@cause(
    id="quota-throttle.recipients.too-many",
    act="sender",
    says=(
        "RESOLVER.ADR.RecipLimit",
        "RESOLVER.ADR.RecipientLimit",
        "PICKUP.RecipLimit",
        _FILED,
        "because there are too many recipients",
        "550 5.5.3",
        "452 4.5.3",
        "4.5.3 Too many recipients",
        "5.5.3 Too many recipients",
        *_WORDS,
        _OF_GOOGLE,
    ),
)
def assess(said: Said) -> Finding | None:
    """The resolver's token is the sender's own organization; 4.5.3 is whoever received the transaction."""
    if said.signature == _OF_GOOGLE:
        because = (
            "A group at Google may reach only so many recipients outside its organization in a day, and this one has "
        )
        because += "reached as many."
        return Finding(Belief.LIKELY, because, (said,), (advise(_WAIT),), weight=1.4)
    if _THROTTLED.search(said.text):
        because = (
            "An AS number follows the words: Exchange Online throttles the address, whatever the number of recipients."
        )
        return Finding(Belief.RULED_OUT, because, (said,))
    if "rate" in topics(said) and not by_microsoft(said):
        because = "The limit is one within a time, whatever the number of recipients of this message."
        return Finding(Belief.RULED_OUT, because, (said,))
    if has(said, "attr38", "attr46", "multiple regions", "address domain different"):
        return None  # attribution: the recipients' domains are the trouble, not their number
    if has(said, "resolver.adr.recip", "pickup.recip", "because there are too many"):
        online = by_microsoft(said)
        because = "The sender's own organization refused it: more recipients than RecipientLimits or "
        because += "MaxRecipientEnvelopeLimit allows."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(online), "exchange-online" if online else "on-prem")
    if "fast" in topics(said) and not has(said, "recip", *_WORDS):
        return None  # RFC 3463 gives too many messages in a session no number, and servers take this one
    if not has(said, "5.5.3", "4.5.3", "too many recip", *_WORDS):
        return None
    if said.signature == _FILED:
        because = "The store can't keep as many recipients on one item as the message has."
        return Finding(Belief.LIKELY, because, (said,), _steps(by_microsoft(said)), weight=1.0)
    because = f"{said.by or 'The receiving server'} takes fewer recipients in one transaction than the message has"
    because += "; a mail server sends the rest in the next one." if has(said, "4.5.3") else "."
    return Finding(Belief.LIKELY, because, (said,), _steps(False), weight=1.0)


def _steps(online: bool) -> tuple[Step, ...]:
    if online:
        return (
            look("See the sender's limit.", "Get-Mailbox {sender} | Format-List RecipientLimits", EXO, sender=""),
            advise("Sender: address a distribution group (it counts as one), or split the message."),
        )
    return (
        look(
            "See the limits of the organization, the connectors and the sender.",
            "Get-TransportConfig | Format-List MaxRecipientEnvelopeLimit; "
            "Get-ReceiveConnector | Format-Table Identity,MaxRecipientsPerMessage; "
            "Get-Mailbox {sender} | Format-List RecipientLimits",
            sender="",
        ),
        advise("Sender: address a distribution group (it counts as one), or split the message."),
        change(
            "If this sender must address more at once, raise the sender's own limit.",
            "Set-Mailbox {sender} -RecipientLimits 1000",
            shell=EMS,
            changes="This mailbox may address 1000 recipients in a message; other limits still hold.",
            undo="The same with the value that the first step printed.",
            verify="The message is accepted when it is sent again.",
            sender="",
        ),
    )
