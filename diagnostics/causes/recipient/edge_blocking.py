"""What directory-based edge blocking says, and what it shares with an access list of Postfix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.causes.recipient.lookup import by_microsoft, is_microsoft
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured

EXPLAINED: Final = "listed in the domain's directory"
NUMBER: Final = "5.4.1"
SIGNATURES: Final = ("Recipient address rejected: Access denied", "5.7.504", EXPLAINED, NUMBER)
"""The reply, the words that Exchange Online's bounces explain it with, and its number, which is left when the words are lost."""


def edge_blocked(said: Said) -> bool:
    """Whether Exchange Online said it: Postfix uses the same words with 5.7.1 for its own access lists."""
    if EXPLAINED in said.text.lower():
        return True
    numbered = "5.4.1" in said.text or "5.7.504" in said.text
    return "access denied" in said.text.lower() and (numbered or by_microsoft(said))


def folder_blocked(said: Said, objects: Iterable[Configured]) -> Configured | None:
    """Where mail to public folders is told of, and comes back with the number of edge blocking: in whatever words, as senders'
    programs have them in many languages. Other systems give the number when they find no way."""
    told = next((each for each in objects if each.kind == "told-folder"), None)
    if (
        told is None
        or NUMBER not in said.text
        or "relay" in said.text.lower()
        or (said.by and not is_microsoft(said.by))
    ):
        return None
    return told


def refused_at_edge(said: Said, objects: Iterable[Configured]) -> bool:
    """Whether edge blocking refused: by its words, or, where only the number was found, by what was written to."""
    return folder_blocked(said, objects) is not None if said.signature == NUMBER else edge_blocked(said)
