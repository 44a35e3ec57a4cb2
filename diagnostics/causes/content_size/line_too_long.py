"""A line of the message is longer than the 998 characters that SMTP allows.

## What is happening
RFC 5321 and 5322 let a line have 998 characters. Programs that write HTML without line breaks, or a long To, Cc or
References field without folding it, exceed that. Many servers take such lines, others refuse the message, or cut the line,
so that what follows stands in the wrong place. Exim has refused to pass them on since 4.95:
`message has lines too long for transport`. Exchange Online itself adds header fields that are longer
(X-Microsoft-Antispam-Message-Info), so a strict receiver refuses ordinary mail from it.

## What proves it
- the reply or the log names the length of a line: `maximum allowed line length is 998 octets, got 3172`, `500 5.0.0: Line too
  long`, `Line length in message or single header exceeds …`
- the message as it was sent has such a line

## Not this when
- the reply speaks of the header as a whole, or of x-dg-ref (`content-size.header.x-dg-ref`)
- the line was one of the session: a command, or the token of a logon

## References
- https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
- https://www.exim.org/exim-html-current/doc/html/spec_html/ch-the_smtp_transport.html
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

# Words that only the length of a line of the message has.
_MEASURED: Final = (
    "maximum allowed line length",
    "lines too long for transport",
    "Line length in message or single header exceeds",
    "line length exceeds SMTP",
    "longer than 998",
    "more than 998",
    "exceeds 998",
    "998 character",
    "998 octets",
    "998 bytes",
    "lines longer than SMTP allows",
    "lines longer than 1000",
    "message linelength exceeded",
    "message line length exceeded",
    # Debian's Exim: its smart host's transport takes 1 byte of a message that has a line of more than 998 characters.
    "message is too big (transport limit = 1)",
)
_SAID: Final = (
    "line too long",
    "lines too long",
    "line is too long",
    "lines are too long",
    "too long line",
    "line length limit",
    "line length exceed",
    "maximum line length",
)
# A line of the session, or the header as a whole.
_OTHER = linear(
    r"(?i)\b(?:command|authentication|auth|exchange|header|argument|parameter)s? line|\bcommand\b.{0,20}\bline|x-dg-ref"
)
# Other programs measure lines, too.
_OF_MAIL = linear(r"(?i)\b998\b|\boctets\b|\btransport\b|\bsmtp\b")
# The reader's own server refuses there what a client brings it.
_OURS = linear(r"(?i)\brejected after DATA\b|\bbad-input\b|reject:|\bsmtpd\[\d+\]")


@cause(id="content-size.line.too-long", act="sender", says=(*_MEASURED, *_SAID))
def assess(said: Said) -> Finding | None:
    """The words name a line; whose they are tells who can mend it."""
    if _OTHER.search(said.text) and said.signature in _SAID:
        return None
    if said.kind in ("stray", "command") and not _OF_MAIL.search(said.text):
        return None
    if _OURS.search(said.source.quote):
        because = "Your server refuses a message for a line of more than 998 characters. Who wrote it should fold or encode it. "
        because += "Exchange Online adds header fields of that length itself: let your server take longer lines, then."
        return Finding(_belief(said), because, (said,), (_longest(), _take_longer(), _encode()), "on-prem", weight=1.4)
    because = f"{said.by or 'A server'} does not take the message because a line in it is too long: more than 998 characters, "
    because += "mostly HTML without line breaks, or a field with many addresses that was not folded."
    return Finding(_belief(said), because, (said,), (_longest(), _encode(), _take_longer()), weight=1.4)


def _belief(said: Said) -> Belief:
    return Belief.CONFIRMED if said.signature in _MEASURED else Belief.LIKELY


@shown
def counted(objects: tuple[Configured, ...]) -> Finding | None:
    """How many lines of the message itself are longer than a server has to take."""
    count = next((each for each in objects if each.kind == "long-lines"), None)
    if count is None:
        return None
    if count.get("Count") == "0":
        because = f"{count.name} has no line with more than 998 characters."
        return Finding(Belief.RULED_OUT, because, (count,))
    because = (
        f"{count.name} has {count.get('Count')} line(s) with more than 998 characters, which no server has to take."
    )
    return Finding(Belief.CONFIRMED, because, (count,), (_encode(),))


def _longest() -> Step:
    return look(
        "Save the message as it was sent, with its headers, as message.eml, and count the lines with more than 998 characters.",
        "grep -aHcE '^.{{999}}' message.eml",
        "bash",
    )


def _encode() -> Step:
    return advise(
        "Let the program that writes the message encode its body as quoted-printable or base64, which breaks the lines, and fold "
        "long header fields; where a field holds very many recipients, send to fewer of them, or to a group."
    )


def _take_longer() -> Step:
    return advise(
        "Where the server that refuses it, or can't hand it on, is yours: let it take longer lines, as others do (Exim: "
        "message_linelength_limit of the transport, and the check in the ACL for DATA; Debian: IGNORE_SMTP_LINE_LENGTH_LIMIT)."
    )
