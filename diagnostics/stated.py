"""What Exchange states of a message by a token of its own that no cause of the catalogue stands behind.

An administrator deleted it, a group's query is broken, the mailbox forwards and keeps no copy: that is the answer, and nothing
that the text reads like says more.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from diagnostics import codes
from diagnostics.facts import Fact, Reply
from diagnostics.log_forms import FAILED_EVENTS
from diagnostics.mail_facts import ENDED, Traced, Tracked


class Stated(Struct, frozen=True):
    """`text` is the token with its meaning."""

    text: str
    fact: Fact


def stated(facts: Iterable[Fact]) -> tuple[Stated, ...]:
    """Each such statement once, in the order read."""
    found: dict[str, Stated] = {}
    for fact in facts:
        row = codes.token_row(_words(fact))
        if row is not None and not row.causes and not row.wrapper:
            text = f"`{row.text}`: {row.meaning}"
            found.setdefault(text, Stated(text, fact))
    return tuple(found.values())


def _words(fact: Fact) -> str:
    """What was said of a failure, or of an end that looks like one; a group that was expanded is nothing to speak of."""
    match fact:
        case Reply():
            return fact.whole
        case Tracked():
            return fact.status if fact.failing or fact.event.upper() in FAILED_EVENTS else ""
        case Traced():
            return fact.detail if fact.failing or fact.event.lower() in ENDED else ""
        case _:
            return ""
