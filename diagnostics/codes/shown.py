"""Sentences that programs show to people, without a code beside them (shown.toml), wherever they stand in a text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick

from diagnostics.codes import tables
from diagnostics.codes.model import Row
from diagnostics.codes.wording import contains, fold
from diagnostics.patterns import linear

_MOST: Final = 12
_LONGEST: Final = 4_000  # characters: what is shown to people is a few sentences
# What stands before such a sentence where nobody has seen it yet: a condition, a plan, or how it is to be put.
_SUPPOSED = linear(
    r"(?i)\b(?:if|whenever|should|shall|would|will (?:\w+ )?(?:show|see|say|get|display|appear|read|receive)"
    r"|plan(?:s|ned|ning)?|want(?:s|ed)? to|going to|wenn|falls|sollte\w*|si|quand"
    r"|is there an?|do we have|which alerts?|translate|change|configure|customi[sz]e|add me|subscribe"
    r"|texts?|templates?|wording|caption|translat\w+|enabl\w+|turn\w* on|switch\w* on|roll\w* out|called|named|titled)\b[^.?!;]*$"
)


# What stands around one that is taught, set up or over: nobody waits for help with it.
_SPOKEN_OF = linear(
    r"(?i)\b(?:training|exam|quiz|questions|docs?|documentation|wiki|runbooks?|playbooks?|kb|articles?|faq|slides?|blog"
    r"|release notes|awareness|scams?|lol|jokes?|reminder|anything else before"
    r"|(?:ticket|case|incident) \S{1,20} (?:is |was )?closed"
    r"|means (?:that|the|it|you)|mean|meaning|explains?|alert polic(?:y|ies)|by default|defaults? (?:text|is)"
    r"|on purpose|intend(?:ed|s)|as expected|so that"
    r"|new (?:column|feature|alert|tip)s?|(?:the )?subject of|rename[ds]?|reworded"
    r"|fixed|solved|(?:is|was|are|were|been|got|now) resolved|cured|mended|all good|false alarm|back to normal"
    r"|released|(?:works?|working|fine|ok) (?:again|now)"
    r"|behoben|gelöst|erledigt|schulung|doku|funktioniert wieder|geht wieder|résolu|resuelto|risolto|opgelost)\b"
)
# Every program, and every version of one, shortens words as it likes.
_SPELLED: Final = (
    ("can't", "cannot"),
    ("can not", "cannot"),
    ("won't", "will not"),
    ("n't", " not"),
    ("'ve", " have"),
    ("'re", " are"),
    ("'ll", " will"),
    ("it's", "it is"),
    ("e-mail", "email"),
)


class _Wording(NamedTuple):
    parts: tuple[str, ...]
    row: Row


def shown(text: str) -> tuple[Row, ...]:
    """The rows of which a wording stands in `text` as something that was seen, each once; the longest wording first."""
    folded = _plain(text[:_LONGEST])
    found = sorted(_found(folded), key=lambda one: -sum(map(len, one.parts)))
    return tuple(dict.fromkeys(one.row for one in found))[:_MOST]


def _plain(text: str) -> str:
    """The text folded, its short forms written out."""
    folded = fold(text)
    for short, whole in _SPELLED:
        folded = folded.replace(short, whole)
    return folded


def _found(folded: str) -> Iterator[_Wording]:
    automaton, wordings = _index()
    for number, start, end in automaton.find_matches_as_indexes(folded, overlapping=True)[:_MOST]:
        one = wordings[number]
        if contains(folded[max(start - 1, 0) :], one.parts) and _seen(folded[:start], folded[end:]):
            yield one


def _seen(before: str, after: str) -> bool:
    """Whether somebody saw the sentence between these words, rather than speaks of it."""
    return not (_SUPPOSED.search(before) or _SPOKEN_OF.search(before) or _SPOKEN_OF.search(after))


@cache
def _index() -> tuple[AhoCorasick, tuple[_Wording, ...]]:
    """An automaton of how each wording begins: what a text costs grows with the text, not with the table."""
    wordings = tuple(
        _Wording(tuple(map(_plain, text.split("…"))), row)
        for row in tables.rows("shown")
        for text in (row.text, *row.aliases)
    )
    return AhoCorasick([one.parts[0] for one in wordings], store_patterns=False), wordings
