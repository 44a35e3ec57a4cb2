"""What one cause came to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from diagnostics.cause import Belief, Cause, Finding
from diagnostics.facts import Fact

PROVED: Final = 2.0
"""The weight of what would be confirmed, had an artefact told all of it, or the failure itself made it likely."""


class Verdict(Struct, frozen=True):
    """A cause's finding. `missing` are the fact types that would settle it; `anchor` the fact it spoke of.

    `alike`: it is there for nothing but the words that the text shares with known texts of the cause. `rival`: for nothing but
    that people take it for the first suspect.
    """

    cause: Cause
    finding: Finding
    missing: frozenset[type[Fact]]
    anchor: Fact | None = None
    alike: bool = False
    rival: bool = False


def in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The strongest first."""
    return sorted(verdicts, key=lambda each: (-each.finding.belief, -each.finding.weight, each.cause.id))


def is_open(verdict: Verdict) -> bool:
    return verdict.finding.belief is Belief.POSSIBLE and not verdict.cause.modifier
