"""What people say around an artefact ("telnet connects", "we renewed the certificate") orders the merely possible."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

import re2

_WORTH: Final = 0.35  # less than the step between a judged possibility and a bare code's
_LONGEST: Final = 4_000  # characters of prose: people explain in a few sentences


@dataclass(frozen=True, slots=True)
class Hint:
    raises: tuple[str, ...]
    lowers: tuple[str, ...]
    doubts: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _table() -> tuple[re2.Set, tuple[Hint, ...]]:
    rows = tomllib.loads((files("diagnostics") / "hints.toml").read_text("utf-8"))["hint"]
    options = re2.Options()
    options.case_sensitive = False
    patterns = re2.Set.SearchSet(options)
    for row in rows:
        patterns.Add(row["says"])
    patterns.Compile()
    return patterns, tuple(Hint(*(tuple(row.get(part, ())) for part in ("raises", "lowers", "doubts"))) for row in rows)


def hints(prose: str) -> tuple[Hint, ...]:
    """The hints in a person's own words."""
    if not prose.strip():
        return ()
    patterns, table = _table()
    return tuple(table[index] for index in sorted(patterns.Match(prose[:_LONGEST]) or ()))


def leaning(cause: str, told: Iterable[Hint]) -> float:
    """How much the hints speak for (positive) or against a cause."""
    score = 0.0
    for hint in told:
        score += _WORTH * cause.startswith(hint.raises)
        score -= _WORTH * bool(hint.lowers and cause.startswith(hint.lowers))
    return max(-2 * _WORTH, min(2 * _WORTH, score))


def doubted(cause: str, told: Iterable[Hint]) -> bool:
    """Whether the person tells of something under which a likely cause is only one of several."""
    return any(hint.doubts and cause.startswith(hint.doubts) for hint in told)
