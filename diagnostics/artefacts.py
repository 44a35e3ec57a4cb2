"""An artefact: a stretch of pasted text that one recogniser understood, with the facts in it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from diagnostics.facts import Fact


class Artefact(Struct, frozen=True):
    """`first` and `last` are 1-based line numbers in paste number `paste`; `shown` is what the report prints.

    `claims` are the 0-based lines it consists of, where they are not all the lines from first to last.
    """

    kind: str
    first: int
    last: int
    facts: tuple[Fact, ...] = ()
    shown: dict[str, Any] = field(default_factory=dict)
    paste: int = 0
    claims: frozenset[int] = frozenset()

    @property
    def in_words(self) -> bool:
        """Whether a person told it in a sentence, whose words count as theirs too."""
        return self.kind.startswith("told-")
