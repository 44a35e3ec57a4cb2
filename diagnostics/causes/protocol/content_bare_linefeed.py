"""The message contains line feeds without carriage returns, which the destination refuses.

## What is happening
Lines of a message end with CR and LF. An application wrote some with LF alone. Such a message can only travel
with BDAT (CHUNKING); when the next server offers only DATA, Exchange Online can't pass it on: `550 5.6.11
SMTPSEND.BareLinefeedsAreIllegal`. Other servers refuse bare line feeds outright, since they are used to smuggle
messages.

## What proves it
- the reply itself; the source of the message shows LF without CR

## Not this when
- other messages of the same sender, with the same content, pass to that destination

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-6-11-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.protocol.steps import advise, read_ehlo
from diagnostics.facts import Reply, Said
from diagnostics.refusals import topics
from diagnostics.report import Step

_CERTAIN: Final = (
    "BareLinefeedsAreIllegal",
    "bare <LF>",
    "bare linefeed",
    "bare line feed",
    "bare newline",
    "bare LF",
    "docs/smtplf.html",
)


# Exchange Online's explanation of 5.6.11, which people paste without the number.
_EXPLAINED: Final = "adds bare line feed characters into the message"
_NOUNS: Final = ("bare", "lone", "LF", "line feed", "newline", "line ending", "smuggl", "822.bis")


@cause(
    id="protocol.content.bare-linefeed",
    act="sender",
    says=(*_CERTAIN, "5.6.11", "<LF> not allowed", _EXPLAINED, *_NOUNS),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The words name the fault; who has to mend it is the maker of the message."""
    if said.signature in _NOUNS and "linefeed" not in topics(said):
        return None
    mine = next((r.recipient for r in replies if r.source == said.source and r.recipient), "")
    to = f" to `{mine}`" if mine else ""
    sending = "smtpsend" in said.text.lower()  # the sending server speaks of the next one
    who = "the next server" if sending else said.by or "the receiving server"
    because = f"The message{to} has line feeds without carriage returns, which {who} does not take."
    worded = any(each.lower() in said.text.lower() for each in _CERTAIN)
    belief = Belief.CONFIRMED if worded else Belief.LIKELY
    return Finding(belief, because, (said,), _steps(said.host), weight=1.2)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        advise(
            "Find the application, device or add-in that writes the message (Received headers and Message-ID show it), and "
            "let it end every line with CR LF; mail libraries do so when the text is passed as lines, not as raw data. "
            "Somebody who uses an ordinary mail program can send the message again as plain text."
        ),
        read_ehlo(host, "a server that lists CHUNKING can take such a message by BDAT"),
        look(
            "If the destination is your own Exchange, see whether its connector offers it.",
            "Get-ReceiveConnector | Format-Table Identity,ChunkingEnabled,BareLinefeedRejectionEnabled",
        ),
        change(
            "If CHUNKING is off on that connector, switch it on; leave the rejection of bare line feeds as it is.",
            "Set-ReceiveConnector {connector} -ChunkingEnabled $true",
            changes="The connector offers CHUNKING, and senders use BDAT.",
            undo="The same with $false.",
            verify="The EHLO reply lists CHUNKING.",
            connector="",
        ),
    )
