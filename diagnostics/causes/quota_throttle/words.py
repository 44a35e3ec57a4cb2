"""Whether a reply holds certain words: what the causes that are told by their wording share."""

from __future__ import annotations

from diagnostics.facts import Said


def has(said: Said, *words: str) -> bool:
    """Whether any of `words` is in the reply, case ignored."""
    low = said.text.lower()
    return any(each.lower() in low for each in words)
