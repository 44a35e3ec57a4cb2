"""An attachment holds too many embedded objects, and the receiver refuses it.

## What is happening
A document with 20 or more files embedded in it looks to Exchange Online's filter like a container for
malware: `550 5.0.350 Remote server returned an error -> 550 Requested action not taken: policy violation
detected (AS345)`. Neither the sender's address nor its reputation is at fault.

The store has a limit as well: a report that bounced between servers holds a report in a report, again and again. Delivery
then ends with MAPI_E_TOO_BIG (0x80040305, -2147220731), and the message stays in the queue.

## What proves it
- AS345 in the reply, and a document with many embedded files
- the message's file in the queue has the line `Content-Type: message/rfc822` dozens of times

## Not this when
- the attachment is a plain file: then look at malware filtering (`policy.antimalware.blocked`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-0-350-in-exchange-online
- https://learn.microsoft.com/en-us/office/client-developer/outlook/mapi/mapi-constants
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said

_EMBEDDED: Final = "messages are embedded too deeply"  # event 8526 of the store, in Exchange 5.5 to 2003
# Of the store's converter, and of the store itself: parts in parts, or too many of them.
_BY_STORE: Final = (
    "Content conversion limit(s) exceeded",
    "MapiExceptionTooComplex",
    "MapiExceptionMaxAttachmentExceeded",
)
_TOO_BIG: Final = ("MAPI_E_TOO_BIG", "0x80040305", "-2147220731")


@cause(
    id="content-size.attachment.nested-objects",
    act="sender",
    says=("policy violation detected (AS345)", "AS345", _EMBEDDED, *_TOO_BIG, *_BY_STORE),
)
def assess(said: Said) -> Finding | None:
    """AS345 has this one meaning; MAPI's number is given for whatever the store finds too large."""
    if said.signature in _TOO_BIG:
        return _too_deep(said)
    if said.signature in _BY_STORE:
        because = f"The store could not take the message in (`{said.signature}`): its parts are nested too deep, or there are "
        because += "too many of them, as in a message that holds the ones before as attachments."
        return Finding(Belief.LIKELY, because, (said,), (_COPY,), weight=1.5)
    if said.signature == _EMBEDDED:
        because = "The store refused the message because messages are nested too deep in it: replies or reports that each hold "
        because += "the one before, mostly made by a rule or two answering machines."
        return Finding(Belief.LIKELY, because, (said,), (_COPY,), weight=1.5)
    because = (
        f"{said.by or 'The receiving server'} refused the message (AS345): an attachment holds 20 "
        "or more embedded files or objects."
    )
    steps = (
        advise(
            "Sender: open the attached document, and count and remove the files and objects that are embedded in it."
        ),
        advise("Send those files separately, or share the document as a link. Nothing has to change on a mail server."),
    )
    return Finding(Belief.CONFIRMED, because, (said,), steps)


_COPY = advise(
    "Sender: write a new message with what matters, instead of forwarding the one that holds the others; and look for a rule or "
    "an automatic answer, on either side, that wraps each message into the next."
)


def _too_deep(said: Said) -> Finding:
    because = "The store could not take the message in (MAPI_E_TOO_BIG): its MIME parts are nested too deep or too many, as in a "
    because += "report that bounced between two servers and grew each time. It is tried again and again, and stays in the queue."
    steps = (
        look(
            "Count the messages within the message: the event names its file, or the queue's folder has it.",
            "(Select-String -Path {file} -Pattern 'Content-Type: message/rfc822').Count",
            "powershell",
            file="<message>.eml",
        ),
        advise(
            "If they are dozens, stop the transport service, move that file out of the queue's folder and start it again; then "
            "find the two systems that send their reports to each other."
        ),
    )
    return Finding(Belief.POSSIBLE, because, (said,), steps, "on-prem", weight=1.6)
