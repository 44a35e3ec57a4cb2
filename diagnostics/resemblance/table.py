"""What was learned from known texts: how much every word speaks for each cause, and how alike a text is to what is known of it.

A rare word tells more than a frequent one (its worth: inverse document frequency). A text is the vector of its words' worths,
made one long. Each cause has a plane that parts its known texts from all others, the widest street between them (a linear
support vector machine: Manning, Raghavan and Schütze, Introduction to Information Retrieval, chapter 15); tests/learning.py
finds it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, field

PLACE: Final = Path(__file__).with_name("learned.json")
TALK: Final = "talk"  # stands among the causes for what people say without a failure to report
ONE: Final = 100  # a weight or a worth of 1 as the file has it


class _Row(NamedTuple):
    """What a word tells: how rare it is, and how much it speaks for each cause (its place), or against it."""

    worth: float
    cells: dict[int, float]


class Resemblance(Struct, frozen=True):
    """`words` has, for each word and pair of words, its worth and `cause:weight` of every cause that it speaks for or against:
    `412 3:120 17:-44`.

    A cause is its place in `causes`, and in `starts`, which has what a text without any word weighs for it. All are in
    hundredths. What was looked up stays taken apart in `rows`.
    """

    causes: tuple[str, ...]
    starts: tuple[int, ...]
    words: dict[str, str]
    rows: dict[str, _Row] = field(default_factory=dict)

    def likeness(self, told: set[str]) -> dict[str, float]:
        """How alike a text of these features is to each cause: 0 as any other text, 1 on the plane, 2 as its known texts. What it
        is less alike than any other text is left out, as everything is for a text without a known word.

        Of 870 unread texts the likest cause was right in one of three from 0.2 on, in half from 0.4, in three of four from 0.6,
        in nine of ten from 1 on.

        Rounded, since a set has another order in each process, and sums differ by their order in the last place.
        """
        found = [0.0] * len(self.causes)
        squares = 0.0
        for word in self.words.keys() & told:
            worth, cells = self._row(word)
            squares += worth * worth
            for place, value in cells.items():
                found[place] += value
        length = math.sqrt(squares) or 1.0
        told_of = (1 + start / ONE + value / length for start, value in zip(self.starts, found, strict=True))
        alike = zip(self.causes, told_of, strict=True)
        return {cause: rounded for cause, value in alike if value > 0 and squares and (rounded := round(value, 4)) > 0}

    def shares(self, cause: str, told: set[str]) -> dict[str, float]:
        """The features that speak for a cause, and what each adds to the likeness, in a measure of its own."""
        place = self.causes.index(cause)
        rows = ((word, self._row(word).cells) for word in self.words.keys() & told)
        return {word: value for word, cells in rows if (value := cells.get(place, 0.0)) > 0}

    def _row(self, word: str) -> _Row:
        row = self.rows.get(word)
        if row is None:
            rare, *cells = self.words[word].split()
            worth = int(rare) / ONE
            weights = (map(int, cell.split(":")) for cell in cells)
            row = self.rows[word] = _Row(worth, {place: worth * weight / ONE for place, weight in weights})
        return row


@lru_cache(maxsize=1)
def known() -> Resemblance:
    """What `make fix` learned."""
    return msgspec.json.decode(PLACE.read_bytes(), type=Resemblance)


def written(learned: Resemblance) -> bytes:
    """What was learned as the file has it, a word a line: so that versions can be compared."""
    kept = {"causes": learned.causes, "starts": learned.starts, "words": learned.words}
    return msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n"
