"""The message's MIME content is malformed and can't be converted for delivery.

## What is happening
The store converts each message while it delivers it. A part that isn't what its label says, such as base64
under `application/mac-binhex40`, or a damaged winmail.dat, makes that impossible: `554 5.6.0 STOREDRV.Deliver;
Corrupt message content`. The sender's program, or a gateway that rewrote the message, made it.

## What proves it
- the reply itself
- the source of the message: Content-Type and Content-Transfer-Encoding of a part contradict its content

## Not this when
- every message fails, whoever sends it: then the store or the database is at fault
- a mail flow rule could not be evaluated (`policy.transport-rule.processing-failed`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/external-or-application-created-emails-cannot-be-delivered
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.protocol.steps import advise, export_message
from diagnostics.facts import Reply, Said
from diagnostics.refusals import topics
from diagnostics.report import Step

_CORRUPT: Final = "Corrupt message content"


_NOUNS: Final = ("MIME", "multipart", "Content-Transfer-Encoding")


@cause(
    id="protocol.mime.corrupt",
    act="sender",
    says=(_CORRUPT, "5.6.0 Invalid message content", "ConversionFailedException", *_NOUNS),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The store driver's words are certain; the others have rivals."""
    mine = next((r.recipient for r in replies if r.source == said.source and r.recipient), "")
    to = f" for `{mine}`" if mine else ""
    if said.signature in _NOUNS and ("mime" not in topics(said) or topics(said) & {"attachment", "malware", "spam"}):
        return None
    if said.signature in _NOUNS:
        because = (
            f"{said.by or 'The receiving server'} can't read the MIME structure of the message{to}: it is malformed."
        )
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.1)
    if said.signature == _CORRUPT:
        because = f"The store could not convert the message{to}: a MIME part is malformed or mislabelled."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if said.signature == "ConversionFailedException":
        because = f"Converting the content of the message{to} failed: its MIME or TNEF is malformed."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.1)
    because = (
        f"The content of the message{to} is invalid; mostly malformed MIME, sometimes a rule's or approval's work."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "Ask the sender for the message as a file (.eml), and compare Content-Type and Content-Transfer-Encoding of "
            "each part with what it holds: BinHex that is base64 encoded, wrong boundaries and unknown "
            "charsets are the usual faults."
        ),
        export_message(),
        advise(
            "The sender has to correct the program that makes the message (unusual files go as application/octet-stream in "
            "base64). Until then the same file arrives inside a .zip."
        ),
    )
