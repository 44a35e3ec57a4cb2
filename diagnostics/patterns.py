"""Patterns over a stranger's text: linear time (RE2), and compiled when they are first used.

There are some seven hundred, compiling one takes a fifth of a millisecond, and one text needs a tenth of them.
RE2 knows word borders of ASCII only; diagnostics.borders makes those beside other letters right.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import re2

from diagnostics.borders import with_borders

_METHODS: Final = ("finditer", "findall", "fullmatch", "match", "search", "split", "sub", "subn")


class Pattern:
    """Behaves as what `re2.compile` returns. A pattern that is none raises re2.error when it is first used."""

    def __init__(self, pattern: str | bytes) -> None:
        self.pattern = pattern

    def __getattr__(self, name: str) -> Any:
        """The first use of any method: from then on each is an attribute of the instance, found without coming here."""
        if name not in _METHODS:
            raise AttributeError(name)
        compiled = re2.compile(with_borders(self.pattern) if isinstance(self.pattern, str) else self.pattern)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(self, name)


def together(patterns: Iterable[str], memory: int = 64 << 20) -> re2.Set:
    """One automaton that tells which of the patterns match somewhere; its states may take so many bytes."""
    options = re2.Options()
    options.max_mem = memory
    made = re2.Set.SearchSet(options)
    for each in patterns:
        made.Add(with_borders(each))
    made.Compile()
    return made


def linear(pattern: str | bytes) -> Pattern:
    """The pattern, in RE2's syntax: no lookaround, no back-references, repetition up to 1000."""
    return Pattern(pattern)
