"""The counted words of every cause, and how alike a text is to each.

A rare word tells more than a frequent one: where k of n causes have it, it weighs ln(1 + n/k). A text is the vector of its
words' weights, a cause the sum of the vectors of its known texts, each made one long before; the likeness is the cosine
between the two (Rocchio's classifier: Manning, Raghavan and Schütze, Introduction to Information Retrieval, chapter 14.2).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, field

PLACE: Final = Path(__file__).with_name("counted.json")
_ONE: Final = 10_000  # a weight of 1 as the file has it


class _Row(NamedTuple):
    """What a word tells: how rare it is, and what it adds for each cause (its place) that has it."""

    worth: float
    cells: list[tuple[int, float]]


class Resemblance(Struct, frozen=True):
    """`words` has, for each word and pair of words, `cause:weight` of every cause that has it: `3:120 17:44`.

    A cause is its place in `causes`, a weight is in ten-thousandths. What was looked up stays taken apart in `rows`.
    """

    causes: tuple[str, ...]
    words: dict[str, str]
    rows: dict[str, _Row] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[tuple[str, set[str]]]) -> Resemblance:
        """Count the features of known texts, each with its cause."""
        known = [(cause, told) for cause, told in texts if told]
        causes = sorted({cause for cause, _ in known})
        having: dict[str, set[str]] = defaultdict(set)
        for cause, told in known:
            for word in told:
                having[word].add(cause)
        worth = {
            word: _worth(len(causes), len(those)) for word, those in having.items() if 2 * len(those) <= len(causes)
        }
        sums: dict[str, dict[str, float]] = {cause: defaultdict(float) for cause in causes}
        for cause, told in known:
            telling = sorted(word for word in told if word in worth)
            length = math.hypot(*(worth[word] for word in telling)) or 1.0
            for word in telling:
                sums[cause][word] += worth[word] / length
        rows: dict[str, list[str]] = defaultdict(list)
        for place, cause in enumerate(causes):
            length = math.hypot(*sums[cause].values()) or 1.0
            for word, weight in sums[cause].items():
                rows[word].append(f"{place}:{max(1, round(_ONE * weight / length))}")
        return cls(tuple(causes), {word: " ".join(rows[word]) for word in sorted(rows)})

    def likeness(self, told: set[str]) -> dict[str, float]:
        """How alike a text of these features is to each cause, from 0 to 1; causes that share nothing with it are left out.

        Rounded, since a set has another order in each process, and sums differ by their order in the last place.
        """
        found = [0.0] * len(self.causes)
        squares = 0.0
        for word in self.words.keys() & told:
            worth, cells = self._row(word)
            squares += worth * worth
            for place, value in cells:
                found[place] += value
        length = math.sqrt(squares) * _ONE
        return {self.causes[place]: round(value / length, 6) for place, value in enumerate(found) if value}

    def shares(self, cause: str, told: set[str]) -> dict[str, float]:
        """The features that known texts of a cause have, and what each adds to the likeness, in a measure of its own."""
        place = self.causes.index(cause)
        rows = ((word, self._row(word).cells) for word in self.words.keys() & told)
        return {word: value for word, cells in rows for each, value in cells if each == place}

    def _row(self, word: str) -> _Row:
        row = self.rows.get(word)
        if row is None:
            cells = [(int(place), int(weight)) for place, _, weight in map(_halves, self.words[word].split())]
            worth = _worth(len(self.causes), len(cells))
            row = self.rows[word] = _Row(worth, [(place, worth * weight) for place, weight in cells])
        return row


def _halves(cell: str) -> tuple[str, str, str]:
    return cell.partition(":")


def _worth(causes: int, having: int) -> float:
    return math.log(1 + causes / having)


@lru_cache(maxsize=1)
def known() -> Resemblance:
    """The counts that `make fix` wrote."""
    return msgspec.json.decode(PLACE.read_bytes(), type=Resemblance)


def written(counted: Resemblance) -> bytes:
    """The counts as the file has them, a word a line: so that versions can be compared."""
    known = {"causes": counted.causes, "words": counted.words}
    return msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n"
