"""What directory-based edge blocking says, and what it shares with an access list of Postfix."""

from __future__ import annotations

from typing import Final

from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.facts import Said

_EXPLAINED: Final = "listed in the domain's directory"
SIGNATURES: Final = ("Recipient address rejected: Access denied", "5.7.504", _EXPLAINED)
"""The reply, and the words that Exchange Online's bounces explain it with."""


def edge_blocked(said: Said) -> bool:
    """Whether Exchange Online said it: Postfix uses the same words with 5.7.1 for its own access lists."""
    if _EXPLAINED in said.text.lower():
        return True
    numbered = "5.4.1" in said.text or "5.7.504" in said.text
    return "access denied" in said.text.lower() and (numbered or by_microsoft(said))
