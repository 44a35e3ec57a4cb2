"""Whether a person says, in words of their own, that mail fails, or a program does in a line that nothing reads.

Then an output without a failure in it is no good news: it is about something else, or from another moment. complaint.toml has
the words.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Final

import diagnostics
from diagnostics.kept import table
from diagnostics.patterns import Pattern, linear

COMPLAINT: Final = "told-complaint"
"""The kind of the fact that mail fails, as somebody says beside settings."""

_LONGEST: Final = 4_000  # characters of prose that are looked at
_CLOSE: Final = 24  # characters before words, of the same clause, where a denial is theirs
_TOGETHER: Final = 24  # rows: the states of an automaton of all don't fit its memory
_TABLE: Final = table(Path(diagnostics.__file__).with_name("complaint.toml"))


def _patterns(name: str) -> tuple[Pattern, ...]:
    rows = _TABLE[name]
    starts = range(0, len(rows), _TOGETHER)
    return tuple(linear(f"(?im){'|'.join(rows[start : start + _TOGETHER])}") for start in starts)


_FAILS, _BEFELL, _PASSING = map(_patterns, ("fails", "befell", "passing"))
_HAPPENED, _CALM, _OVER, _RETURNS, _REPORTS = map(_patterns, ("happened", "calm", "over", "returns", "reports"))
# What stands before a failure of which there is none.
_DENIED = linear(
    r"(?i)\b(?:no|not|never|nor|without|zero|0|keine?n?|nie|aucune?|sans|ning[uú]n|sin|nessun[ao]?|senza|geen|zonder|sem"
    r"|nenhuma?|bez|inga|utan) (?:[^\s,;.:]+ )?$"
)
_NONE = linear(
    r"(?i)\b(?:no|not|nothing|none|never|\w+n['’]t|nichts?|kein\w*|pas|plus|rien|aucun\w*|nada|ning\w*|niente|nessun\w*|niet|niets"
    r"|geen|nic|inte|não|nie|ingen|inget|nobody|without|ohne|sans|sin|senza|non|zonder|sem|bez|utan)\b"
)
_NON_DELIVERY = linear(r"(?i)\bnon-")  # which denies nothing
_PARTED = linear(r"[.,;:!?()\n]")
# A line that a mail client or an editor broke goes on in the next one.
_BROKEN = linear(r"(\w,?)[ \t]*\n(\w)")


def complains(prose: str) -> bool:
    """Whether `prose`, the lines that nothing reads, tells of mail that fails and not that it is over."""
    told = prose[:_LONGEST]
    fails = _fails(told) or _any(_REPORTS, told) or _befell(told) or _told_in_passing(told)
    return fails and (not _any(_OVER, told) or _any(_RETURNS, told))


def _any(patterns: Iterable[Pattern], told: str) -> bool:
    return any(each.search(told) for each in patterns)


def _fails(told: str) -> bool:
    at = (found.start() for each in _FAILS for found in each.finditer(told))
    return any(not _DENIED.search(told[max(0, start - _CLOSE) : start]) for start in at)


def _befell(told: str) -> bool:
    if _any(_CALM, told):
        return False
    for found in chain.from_iterable(each.finditer(told) for each in _BEFELL):
        before = _PARTED.split(told[max(0, found.start() - _CLOSE) : found.start()])[-1]
        behind = told[found.end() + 1 : found.end() + 8]
        words = _NON_DELIVERY.sub("", found.group(0))
        if not _NONE.search(before) and not _NONE.search(words) and not _NONE.match(behind):
            return True
    return False


def _told_in_passing(told: str) -> bool:
    """Whether everyday words tell that something fails, and that it happened."""
    told = _BROKEN.sub(r"\1 \2", told)
    return _any(_PASSING, told) and _any(_HAPPENED, told) and not _any(_CALM, told)
