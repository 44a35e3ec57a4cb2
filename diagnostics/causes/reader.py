"""Who reads a refusal: the sender, or the administrators of the server that gave it.

The same words ask different people to act.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.complaint import COMPLAINT
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers.rule_description import MISSED
from diagnostics.report import Act

# What mail systems of other kinds, and their reports, put around the reply of the server they delivered to.
_FRAME = linear(
    r"(?i)\bsaid:|\bin reply to\b|\bSMTP error from (?:the )?remote\b|\bRemote host said|<<< ?[45]\d\d"
    r"|\bresponse (?:from|of) the remote server"
    r"|@[\w.-]+>?\s?\((?:un|not )deliver\w*\)|\bstatus=(?:bounced|deferred)\b|\bdsn=[45]\."
)
# A field of a report as the program of a sender keeps it, without the rest of the report.
_KEPT = linear(r"(?i)^[^\w]*(?:[\w -]{1,40}[|:=]\W{0,6})?smtp; ?[45]\d\d")
_TENANT_MX: Final = ".mail.protection.outlook.com"
_SENDERS: Final = frozenset({"bare", "client", "ndr", "dsn", "log"})  # a queue's or a trace's reader runs Exchange
_OWN: Final = frozenset(
    {"accepted-domain", "recipient", "mailbox", "receive-connector", "inbound-connector", "transport-config", "exchange-server",
     "content-filter-config", "organization-config", "cas-mailbox"}
)  # fmt: skip
_OURS: Final = frozenset({"told-tenant", "organization", "own-domain", "own-address"})
_TO_SENDER = linear(r"(?i)\byour e-?mail address (?:isn.t|is not) on the list\b")
BOTH_ENDS: Final = (
    "If the address is somebody else's, the sender corrects it or their admins add it; if it is yours, look here."
)


def reply_of(said: Said, replies: Iterable[Reply]) -> Reply | None:
    """The reply that the words stand in; None when they stand in an event."""
    return next((each for each in replies if each.source == said.source), None)


def from_outside(said: Said, replies: Iterable[Reply], objects: Iterable[Configured] = ()) -> bool:
    """Whether the reader sent the message, by another mail system or a program, and can't look into the server that refused.

    Who pastes settings of that server (`objects`) can.
    """
    reply = reply_of(said, replies)
    if reply is None or reply.kind not in _SENDERS or any(each.kind in _OWN for each in objects):
        return False
    framed = bool(_FRAME.search(f"{reply.whole} {reply.source.quote}"))
    framed = framed or (reply.kind == "bare" and bool(_KEPT.search(reply.source.quote)))
    return reply.kind == "client" or reply.to_sender or framed or reply.by.endswith(_TENANT_MX)


def in_tenant(objects: Iterable[Configured]) -> bool:
    """Whether the person says that what was addressed is in Exchange Online."""
    return any(each.kind == "told-tenant" for each in objects)


def complained(replies: Iterable[Reply], objects: Iterable[Configured]) -> bool:
    """Whether mail fails, as the person says beside what was pasted, and no server's refusal tells how."""
    told = any(each.kind in (MISSED, COMPLAINT) for each in objects)
    return told and not any(each.failing for each in replies)


def told_stranger(said: Said, objects: Iterable[Configured]) -> bool:
    """Whether the refusal is the sentence that Exchange Online writes to a sender, and nothing tells that the recipient is the
    reader's own."""
    ours = any(each.kind in _OWN or each.kind in _OURS for each in objects)
    return bool(_TO_SENDER.search(said.text)) and not ours


def acting(said: Said, replies: Iterable[Reply], objects: Iterable[Configured], inside: Act) -> Act:
    """Who has to act: `inside`, unless the reader is a sender from outside, who can only ask the recipient's side."""
    return "recipient-side" if from_outside(said, replies, objects) else inside
