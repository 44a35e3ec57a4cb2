"""What the words of a refusal are about (refusals.toml).

Every mail server and filter has its own words for the same few reasons, and nobody has them all. What they share is the
noun (SPF, a block list, spam, a virus) and what became of the message. A cause takes the noun as its signature, and asks
here whether the reply was refused for it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import re2

from diagnostics.facts import Said
from diagnostics.kept import table
from diagnostics.patterns import linear

_LONGEST: Final = 4_000
_COURTESY: Final = linear(r"(?i)\b(?:protect|keep) (?:our |your )?(?:users|recipients|members|customers) from spam\b")
"""Why a server has rules at all, whichever of them was broken."""


@lru_cache(maxsize=1)
def _table() -> tuple[re2.Set, tuple[str, ...]]:
    rows = table(Path(__file__).with_name("refusals.toml"))
    refused = "(?:" + "|".join(rows["refused"]) + ")"
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = 64 << 20
    patterns = re2.Set.SearchSet(options)
    owners = []
    for topic, several in rows["topics"].items():
        for pattern in several:
            # A gap of bytes compiles to a fifth of one of letters: the set is half as large, and made in half the time.
            patterns.Add(pattern.replace("{refused}", refused).replace(".{0,", r"\C{0,"))
            owners.append(topic)
    patterns.Compile()
    return patterns, tuple(owners)


def topics(said: Said) -> frozenset[str]:
    """The topics of refusals.toml that a refusal speaks of; none where it gives no reason, or no mail server wrote it."""
    return frozenset() if said.kind in ("event", "command", "stray") else topics_of(said.text[:_LONGEST])


@lru_cache(maxsize=512)
def topics_of(text: str) -> frozenset[str]:
    """The topics of a text in one line."""
    patterns, owners = _table()
    return frozenset(owners[index] for index in patterns.Match(_COURTESY.sub("", text)) or ())
