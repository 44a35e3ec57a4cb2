"""Whether the mail server that does not know a recipient is the reader's own, and none of Exchange's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import look
from diagnostics.causes.recipient.lookup import held_here, is_microsoft
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.seen import by_own_log

TABLES: Final = (
    "User unknown in local recipient table",
    "User unknown in virtual mailbox table",
    "User unknown in virtual alias table",
    "User unknown in relay recipient table",
)
"""Postfix names the list of its own that it looked the recipient up in."""
# The words that these servers have for it; a provider says more.
_PLAIN: Final = linear(
    r"(?i)\b(?:recipient address rejected: undeliverable address|(?:user|recipient|mailbox) (?:unknown|not found)|no such user"
    r"|unknown (?:user|recipient|local-part)|(?:user|mailbox) (?:does not|doesn.t) exist|invalid recipient"
    r"|unrout(?:e)?able address|5\.1\.1\b)"
)
# Of a great provider's, or of a host that delivers by LMTP beside the server itself.
_OF_PROVIDER = linear(r"(?i)gsmtp|google|yahoo|outlook|icloud|nosuchuser|ym\d")
_BESIDE = linear(r"(?i)\[(?:private/|/|127\.|::1)|\bprivate/[\w-]{0,20}lmtp\b|\brelay=localhost\b")


def own_server(said: Said, objects: Iterable[Configured]) -> Configured | None:
    """What shows or tells that the reader's own server refused; None where another one did, or nothing tells."""
    known = tuple(objects)
    here = held_here(said, known)
    if here:
        return here
    told = runs_own(said, known)
    plain = _PLAIN.search(said.text) and not _OF_PROVIDER.search(said.text)
    return told if told and (plain or told.name == "receives") else None


def runs_own(said: Said, objects: Iterable[Configured]) -> Configured | None:
    """That the person runs the server that refused, as is told, and no other host is named."""
    told = {each.name: each for each in objects if each.kind == "own-server"}
    if "receives" in told and not is_microsoft(said.by):
        return told["receives"]
    named = next((told[name] for name in ("elsewhere", "product", "ours") if name in told), None)
    if named is None or "outward" in told:
        return None
    return named if not said.by or by_own_log(said) or _BESIDE.search(said.source.quote) else None


def told_elsewhere(objects: Iterable[Configured]) -> Configured | None:
    """That the mailboxes of the domain are at another system, as is told."""
    return next((each for each in objects if each.kind == "own-server" and each.name == "elsewhere"), None)


def tables() -> Step:
    """Where the server itself looks for its recipients."""
    return look(
        "On the server that refused, see where it looks for its recipients, and what parts a tag (`+`) from the name.",
        "postconf -n mydestination virtual_mailbox_domains virtual_alias_maps recipient_delimiter",
        "bash",
    )
