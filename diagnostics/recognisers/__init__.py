"""One pasted text format a file. A recogniser is found by being here.

A recogniser has a `screen`: one RE2 pattern (case-insensitive, `^` and `$` match at lines) that any text of its kind
matches somewhere. A few screens share a pass; only the recognisers whose screen matched read the text. They read in order
of `rank`, low first, and what one has claimed the next does not read again.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Final

import re2
from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.kept import kept, loaded
from diagnostics.patterns import linear, together
from diagnostics.text import Paste

Reader = Callable[["Reading"], Sequence[Artefact]]
_ATTRIBUTE: Final = "__mailflow_recogniser__"
# One automaton of all screens has so many states that no text finds those of the text before: each byte cost 20 µs. One for
# each screen takes three times as long for a large text as one for eight.
_TOGETHER: Final = 8
_MEMORY: Final = 16 << 20  # bytes for eight: in 8 MB, texts of two hundred incidents drive each other's states out
# An upper bound costs a copy for each repetition, two thirds of what all screens cost; a screen may let more through.
_ENCODED = linear(r"[A-Za-z0-9+/=]{60,}")
# A line of a person's in which results of a header are quoted.
_SENTENCE = linear(r"^\W{0,3}[^\W\d_]{1,20}(?:,? [^\W\d_]{1,20}){4}")
_REPEATED = linear(r"\{(\d{1,3}),\d{2,4}\}")


class Recogniser(Struct, frozen=True):
    """A reader by the names of its module and itself: the module is loaded when its screen matches a text."""

    rank: int
    module: str
    function: str
    screen: str

    @property
    def read(self) -> Reader:
        found: Reader = loaded(self.module, self.function)
        return found


class Reading(Struct):
    """A paste, and the lines (0-based) that an earlier recogniser has claimed; in those of `quoting` a bare reply stood."""

    paste: Paste
    claimed: set[int]
    quoting: set[int] = field(default_factory=set)

    def free(self) -> list[tuple[int, str]]:
        """The unclaimed folded lines as (0-based index, text)."""
        return [(i, line) for i, line in enumerate(self.paste.lines) if i not in self.claimed]

    def sentences(self) -> list[tuple[int, str]]:
        """The lines that may be a person's own: the unclaimed ones, and those that quote a reply."""
        return [(i, line) for i, line in enumerate(self.paste.lines) if i not in self.claimed or i in self.quoting]

    def quote(self, lines: Iterable[int]) -> None:
        """Of these lines, remember those in which a person quotes something within a sentence."""
        self.quoting.update(line for line in lines if _SENTENCE.search(self.paste.lines[line]))

    def blocks(self) -> list[list[tuple[int, str]]]:
        """Runs of consecutive unclaimed lines that are not blank."""
        runs: list[list[tuple[int, str]]] = []
        previous = -2
        for index, line in self.free():
            if not line.strip():
                continue
            if index == previous + 1:
                runs[-1].append((index, line))
            else:
                runs.append([(index, line)])
            previous = index
        return runs


def recogniser(screen: str, *, rank: int = 50) -> Callable[[Reader], Reader]:
    """Declare a reader. It returns artefacts with 1-based lines; facts carry their own sources."""

    def declare(read: Reader) -> Reader:
        setattr(read, _ATTRIBUTE, (rank, read.__module__, read.__name__, screen))
        return read

    return declare


class _Bench(Struct, frozen=True):
    """`screens` are those of as many readers each, in their order."""

    readers: tuple[Recogniser, ...]
    screens: tuple[re2.Set, ...]


def readers() -> tuple[Recogniser, ...]:
    """Every recogniser, in the order in which they read."""
    return tuple(Recogniser(*row) for row in kept("recognisers", _declared))


@lru_cache(maxsize=1)
def _bench() -> _Bench:
    known = readers()
    return _Bench(known, tuple(_screens(known[first : first + _TOGETHER]) for first in range(0, len(known), _TOGETHER)))


def _screens(readers: Iterable[Recogniser]) -> re2.Set:
    return together(("(?im)" + _REPEATED.sub(r"{\1,}", each.screen) for each in readers), _MEMORY)


def _declared() -> list[tuple[int, str, str, str]]:
    """What the recognisers of this package declare, in the order in which they read."""
    found = []
    for info in pkgutil.iter_modules(__path__, f"{__name__}."):
        for member in vars(import_module(info.name)).values():
            declared = getattr(member, _ATTRIBUTE, None)
            if declared is not None and member.__module__ == info.name:
                found.append(declared)
    return sorted(found)


def recognise(paste: Paste, only: str = "") -> list[Artefact]:
    """Every artefact in `paste`, in the order of its lines.

    `only` is the recogniser (its module's name) of a text that is known to be of its kind: then no other is asked, and no
    screen is made, which takes longer than reading a paste.
    """
    reading = Reading(paste, set())
    found: list[Artefact] = []
    for each in (Recogniser(0, f"{__name__}.{only}", "read", ""),) if only else _matching(paste):
        for artefact in each.read(reading):
            lines = artefact.claims or range(artefact.first - 1, artefact.last)
            reading.claimed.update(lines)
            reading.quoting.update(lines if artefact.kind == "smtp-reply" or artefact.in_words else ())
            found.append(artefact)
    return sorted(found, key=lambda each: (each.first, each.last))


def _matching(paste: Paste) -> list[Recogniser]:
    """Those whose screen matches, in the order in which they read.

    The encoded text of a whole message is left out: it says nothing, and its random letters make the automaton grow for seconds.
    """
    text = _ENCODED.sub("", "\n".join(paste.lines)).encode()
    if not text.strip():
        return []
    bench = _bench()
    matched = (
        number * _TOGETHER + index
        for number, screens in enumerate(bench.screens)
        for index in sorted(screens.Match(text) or ())
    )
    return [bench.readers[index] for index in matched]
