"""The message's MIME content is malformed and can't be converted for delivery.

## What is happening
The store converts each message while it delivers it. A part that isn't what its label says, such as base64
under `application/mac-binhex40`, or a damaged winmail.dat, makes that impossible: `554 5.6.0 STOREDRV.Deliver;
Corrupt message content`. The sender's program, or a gateway that rewrote the message, made it.

The categorizer reads the content before that, and says what it can't read: `550 5.6.0 CAT.InvalidContent.Exception:
InvalidCharsetException, Character set name (…) is invalid or not installed`.

Exchange's parser has limits too, and names the one that was passed: `5.6.211 Invalid MIME Content: Single text value
size (33061) exceeded allowed maximum (32768) for the 'Autocrypt' header`.

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

from typing import Any, Final

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.protocol.steps import advise, export_message
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_CORRUPT: Final = "Corrupt message content"
_BINHEX: Final = (
    "An attachment is labelled BinHex, as you tell it. What stands below that label is often coded in another way, and then the "
    "store can't convert the message."
)
_CATEGORIZER: Final = "CAT.InvalidContent.Exception"
_UNREAD = linear(r"(?i)CAT\.InvalidContent\.Exception:\s?(\w{3,60}),\s?(.{3,200}?);? ?cannot handle content")
_CONVERTED: Final = ("STOREDRV.Deliver; invalid message content", "STOREDRV.Submit; invalid message content")
_BEYOND_LIMITS: Final = "content conversion limit"
_IN_SESSION: Final = "handling mime exception"  # with a code that begins with IMC
_LIMIT = linear(
    r"(?i)\bInvalid MIME Content: (?P<what>[a-z ]{5,60}) \((?P<had>\d{1,12})\) exceeded allowed maximum "
    r"\((?P<most>\d{1,12})\)(?: for the '(?P<header>[A-Za-z0-9-]{1,76})' header)?"
)
_NOUNS: Final = ("MIME", "multipart", "Content-Transfer-Encoding")


_POISON: Final = "message is treated as poison"


@cause(
    id="protocol.mime.corrupt",
    act="sender",
    says=(
        _CORRUPT,
        "5.6.0 Invalid message content",
        "ConversionFailedException",
        "Content conversion internal failure",
        _CATEGORIZER,
        *_CONVERTED,
        _POISON,
        *_NOUNS,
    ),
)
def assess(anchor: Said | Told, replies: tuple[Reply, ...]) -> Finding | None:
    """The store driver's words are certain; the others have rivals."""
    if isinstance(anchor, Told):
        return told_as("attachment-as-binhex", anchor, _BINHEX, _steps(), weight=1.5)
    said = anchor
    mine = next((r.recipient for r in replies if r.source == said.source and r.recipient), "")
    to = f" for `{mine}`" if mine else ""
    passed = _LIMIT.search(said.text)
    if passed:
        return _beyond(said, passed)
    if said.signature == _CATEGORIZER:
        return _uncategorized(said, to)
    if said.signature == _POISON:
        because = "Something in the message makes its delivery crash; others to the same mailbox then arrive."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.3)
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
    if said.signature == "ConversionFailedException" and _BEYOND_LIMITS in said.text.lower():
        because = (
            f"The message{to} is beyond what the store's converter takes: parts nested too deep, or too many of them."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.2)
    if said.signature in ("ConversionFailedException", "Content conversion internal failure", *_CONVERTED):
        because = f"Converting the content of the message{to} failed: its MIME or TNEF is malformed."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.1)
    if _IN_SESSION in said.text.lower():
        because = (
            "Exchange Online's parser gave up on the message while it took it (`MIME exception`): a malformed part, "
        )
        because += "or a header that is longer than it takes, such as a References line that a ticket system lets grow."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.6)
    because = (
        f"The content of the message{to} is invalid; mostly malformed MIME, sometimes a rule's or approval's work."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)


def _uncategorized(said: Said, to: str) -> Finding:
    """The categorizer's own exception, which says what it could not read."""
    found = _UNREAD.search(said.text)
    what = f": {found.group(2)} ({found.group(1)})" if found else ""
    because = (
        f"The categorizer could not read the content of the message{to}{what}. The program that made it wrote it wrong."
    )
    return Finding(Belief.CONFIRMED if found else Belief.LIKELY, because, (said,), _steps())


def _beyond(said: Said, passed: Any) -> Finding:
    """A limit of Exchange's parser, by its name."""
    header = passed["header"]
    of = f" of the header `{header}`" if header else ""
    because = f"{said.by or 'Exchange'} counts {passed['had']} ({passed['what'].strip().lower()}{of}) and takes {passed['most']}."
    todo = (
        f"The program that sends has to leave the header {header} out, or write less into it: nothing at the receiving "
        "side raises this limit."
        if header
        else "The program that sends has to make a simpler message: nothing at the receiving side raises this limit."
    )
    return Finding(Belief.CONFIRMED, because, (said,), (advise(todo),))


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
