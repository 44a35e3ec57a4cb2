"""What one cause came to."""

from __future__ import annotations

from msgspec import Struct

from diagnostics.cause import Cause, Finding
from diagnostics.facts import Fact


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
