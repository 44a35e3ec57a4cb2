"""What people say around an artefact ("telnet connects", "we renewed the certificate") orders the merely possible."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import re2
from msgspec import Struct

from diagnostics.kept import table
from diagnostics.patterns import together

_WORTH: Final = 0.35  # less than the step between a judged possibility and a bare code's
_LONGEST: Final = 4_000  # characters of prose: people explain in a few sentences


class Hint(Struct, frozen=True):
    raises: tuple[str, ...]
    lowers: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    worth: float = _WORTH


@lru_cache(maxsize=1)
def _table() -> tuple[re2.Set, tuple[Hint, ...]]:
    rows = table(Path(__file__).with_name("hints.toml"))["hint"]
    return together(f"(?i){row['says']}" for row in rows), tuple(_hint(row) for row in rows)


def _hint(row: dict[str, Any]) -> Hint:
    raises, lowers, doubts = (tuple(row.get(part, ())) for part in ("raises", "lowers", "doubts"))
    return Hint(raises, lowers, doubts, row.get("worth", _WORTH))


def hints(prose: str) -> tuple[Hint, ...]:
    """The hints in a person's own words."""
    if not prose.strip():
        return ()
    patterns, known = _table()
    return tuple(known[index] for index in sorted(patterns.Match(prose[:_LONGEST]) or ()))


def leaning(cause: str, told: Iterable[Hint]) -> float:
    """How much the hints speak for (positive) or against a cause."""
    score, most = 0.0, 2 * _WORTH
    for hint in told:
        for way, causes in ((1, hint.raises), (-1, hint.lowers)):
            if causes and cause.startswith(causes):
                score += way * hint.worth
                most = max(most, hint.worth)
    return max(-most, min(most, score))


def doubted(cause: str, told: Iterable[Hint]) -> bool:
    """Whether the person tells of something under which a likely cause is only one of several."""
    return any(hint.doubts and cause.startswith(hint.doubts) for hint in told)
