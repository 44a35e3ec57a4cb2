"""A message that was sent back, known by its header: who wrote it, what its subject says, whom it names as failed.

Its text has whatever words the system that wrote it has. The paragraphs that speak of a reason are what was replied; where none
does, all of it up to the copy of the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from itertools import takewhile
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply, Source
from diagnostics.patterns import linear
from diagnostics.recognisers.bounce_words import COPY, COURTESY
from diagnostics.recognisers.delivery_status import row
from diagnostics.recognisers.ndr_frames import ADDRESS
from diagnostics.recognisers.ndr_layout import address
from diagnostics.recognisers.reply_text import classed, read_reply
from diagnostics.refusals import topics_of
from diagnostics.text import Paste, squeezed

_DAEMON: Final = r"\"?(?:mailer[-_ ]?daemon|postmaster|mail delivery (?:system|subsystem|service)|mail administrator)\b"
_FAILED: Final = "|".join((
    r"\bundeliver\w*|\bnot delivered\b|\b(?:couldn['’]t|could not|unable to|failed to) (?:be delivered|deliver|send)",
    r"\breturned (?:mail|message)|\breturn(?:ing|ed) (?:message |mail )?to sender|\bnon-?delivery\b",
    r"\bdelivery (?:status )?(?:notification|report|failure|failed|error|problem|has failed)",
    r"\bmail (?:delivery )?(?:failure|failed|error)",
    r"\bfailure (?:notice|delivery)|\bmail system error|\bdelivery (?:has been |is )?delayed|^warning: ",
    r"\berror (?:sending|delivering)\b",
    r"\bunzustellbar|\bnicht zugestellt|\bnon remis|[ée]chec (?:de (?:la )?)?(?:remise|distribution|livraison)|\bnon distribu",
    r"\bno se (?:puede|pudo|ha podido) entregar|\bdevuelto|\bnon recapitabile|\bmancato recapito|\bonbestelbaar|\bniet bezorgd",
    r"\bn[ãa]o entregue|\bniedostarczon|\bolevererbart|\bне доставлен|配信不能|配信エラー|メールエラー|エラー通知|退信|投递失败",
))  # fmt: skip
SENT_BACK: Final = (
    rf"x-failed-recipients:|(?:from|return-path):\s*(?:\S+ ){{0,3}}<?{_DAEMON}|subject:.{{0,60}}(?:{_FAILED})"
)
_OF_DAEMON = linear(rf"(?i)(?:^|[\s<]){_DAEMON}")
FROM_DAEMON = linear(rf"(?i)^from:\s*(?:\S+ ){{0,3}}<?{_DAEMON}")
_SENT_BACK = linear(rf"(?i)(?:{_FAILED})")
_TALK = linear(r"(?i)^\s*(?:re|aw|sv|vs|antw?|fwd?|wg|tr|rv|enc)\s?:")  # of people, about a bounce
_ARRIVED = linear(r"(?i)\b(?:success\w*|relayed|delivered to|receipt)\b")
_DELAYED = linear(
    # In brackets, a warning is about a link.
    r"(?i)\bdelay(?:ed)?\b|\bwill (?:be )?(?:retried|keep trying|continue)|\bstill undelivered\b|(?:^|[^(\w])warning\b"
)
_COPIES: Final = frozenset({"message/rfc822", "text/rfc822-headers"})
_ANY_ADDRESS = linear(rf"<?({ADDRESS})>?")
_HEADING = linear(
    r"^\*\* [^*]{1,80} \*\*$"
)  # Gmail's, the same over several reasons: the paragraphs below have the one
_LONGEST: Final = 1_200  # characters of what a bounce says
_MOST: Final = 5  # paragraphs that tell a reason
_MOST_LINES: Final = 200


def returned(message: Message) -> bool:
    """Whether the header is that of a bounce, or of a warning that a message waits."""
    if message.get("X-Failed-Recipients"):
        return True
    subject = decoded(message.get("Subject"))
    daemon = bool(_OF_DAEMON.search(f"{message.get('From', '')} {message.get('Return-Path', '')}"))
    if _ARRIVED.search(subject):
        return False
    if _SENT_BACK.search(subject):
        return daemon or not _TALK.search(subject)
    return _is_null(message) and any(part.get_content_type() in _COPIES for part in message.walk())


def _is_null(message: Message) -> bool:
    return str(message.get("Return-Path", "")).strip() == "<>"


def decoded(header: Any) -> str:
    """A header with its encoded words undone; as written where they can't be."""
    if header is None:
        return ""
    try:
        return squeezed(str(make_header(decode_header(str(header)))))
    except (LookupError, MessageError, UnicodeError, ValueError):
        return squeezed(str(header))


def report(message: Message, part: Paste) -> Artefact | None:
    """What the text `part` of a bounce says, None where it says nothing."""
    paragraphs = [(index, told) for index, words in _paragraphs(part) if (told := squeezed(COURTESY.sub("", words)))]
    reasons = [each for each in paragraphs if topics_of(each[1])]
    telling = ([each for each in reasons if not _HEADING.search(each[1])] or reasons)[:_MOST]
    if not telling and paragraphs:
        telling = [(paragraphs[0][0], " ".join(words for _, words in paragraphs)[:_LONGEST])]
    if not telling:
        return None
    recipient = _recipient(message, part)
    delayed = bool(
        _DELAYED.search(str(message.get("Subject", "")) + " " + " ".join(words for _, words in paragraphs)[:_LONGEST])
    )
    facts: list[Fact] = []
    for index, words in telling:
        source = Source(index + 1, part.raw[index].strip(), part.index)
        reply, *stated = read_reply(words, source, kind="ndr", recipient=recipient)
        assert isinstance(reply, Reply)
        facts += [classed(reply, delayed=delayed), *stated]
    words = telling[0][1]
    rows = [
        row(address=recipient, action="delayed" if delayed else "failed", status="", diagnostic=words, remote_mta="")
    ]
    shown: dict[str, Any] = {"recipients": rows, "reporting_mta": "", "message_id": "", "subject": ""}
    return Artefact("ndr", telling[0][0] + 1, telling[-1][0] + 1, tuple(facts), shown, part.index)


def _paragraphs(part: Paste) -> Iterator[tuple[int, str]]:
    """(0-based line, text) of each paragraph above the copy of the message."""
    first, words = 0, ""
    for index, line in enumerate(takewhile(lambda line: not COPY.search(line), part.lines[:_MOST_LINES])):
        if line.strip(" -=_*"):
            first, words = (first, f"{words} {line.strip()}") if words else (index, line.strip())
        elif words:
            yield first, squeezed(words)[:_LONGEST]
            words = ""
    if words:
        yield first, squeezed(words)[:_LONGEST]


def _recipient(message: Message, part: Paste) -> str:
    """Whom the message did not reach: named in the header, alone on a line, or first in the text."""
    named = str(message.get("X-Failed-Recipients", "")).partition(",")[0].strip()
    if named:
        return named
    lines = list(takewhile(lambda line: not COPY.search(line), part.lines[:_MOST_LINES]))
    alone = next((found for line in lines if (found := address(line))), "")
    if alone:
        return alone
    inside = next((each for line in lines if (each := _ANY_ADDRESS.search(line))), None)
    return str(inside.group(1)) if inside else ""
