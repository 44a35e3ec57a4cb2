"""Whether the server that knows no such user is the reader's own, of whatever make."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import look
from diagnostics.causes.recipient.lookup import held_here
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

TOLD: Final = "told-own-server"
# The words of Postfix, Exim, Sendmail, Dovecot, Cyrus and the panels around them.
UNKNOWN: Final = (
    "user unknown",
    "unknown user",
    "no such user",
    "user doesn't exist",
    "user does not exist",
    "user not found",
    "mailbox not found",
    "mailbox does not exist",
    "no such recipient",
    "no such mailbox",
    "recipient unknown",
    "unknown recipient",
    "account does not exist",
    "no mailbox here by that name",
    "unrouteable address",
    "unknown local part",
    "empfänger unbekannt",
    "benutzer unbekannt",
)


def refused_here(said: Said, objects: Iterable[Configured]) -> Configured | None:
    """What shows that the reader's own server refused: its log, or that people tell so where no other host is named."""
    known = tuple(objects)
    if "reject: rcpt from" in said.source.quote.lower():  # Postfix's own log, quoted in a sentence
        return Configured(source=said.source, kind="local-delivery")
    told = None if said.by else next((each for each in known if each.kind == TOLD), None)
    return held_here(said, known) or told


def is_elsewhere(told: Configured) -> bool:
    """Whether the mailboxes are said to be at another place."""
    return told.get("Mailboxes") == "elsewhere"


def look_among_its_users() -> Step:
    return look(
        "On a mail server that is not Exchange: look for the address where this server keeps its users. Postfix names the "
        "list in "
        "its answer (local, virtual mailbox, virtual alias, relay recipient); the domain must be in one of its settings only.",
        "postconf -n mydestination virtual_mailbox_domains virtual_mailbox_maps virtual_alias_maps local_recipient_maps",
        "bash",
    )
