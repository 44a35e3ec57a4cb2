"""Suspects by resemblance: where no rule is sure, what the text reads like orders what is possible.

It never makes anything likely, and changes no verdict. What a rule or a code made possible stays, and
moves; what was ruled out stays out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.cause import Belief, Cause, Finding
from diagnostics.facts import Fact, Reply, Said, Source
from diagnostics.mail_facts import Addressed, Returned
from diagnostics.recognisers.bounce_words import COURTESY
from diagnostics.resemblance.table import known
from diagnostics.resemblance.words import features
from diagnostics.text import Paste, short
from diagnostics.verdict import Verdict

_LONGEST: Final = 8_000  # characters that are compared of the beginning of each paste, and as many of its end
_LEAST: Final = 0.05  # below this likeness, texts of mail systems share words by chance
_BESIDE: Final = 0.6  # of the greatest likeness: what is much less alike is no suspect of its own
_MOST: Final = 3  # new suspects
_NEW: Final = 0.7  # of its weight: what a code makes possible was said by somebody who knows that code
_PHRASES: Final = 2  # pairs of neighbours that a text without facts has to share with a cause
_MUCH: Final = 0.08  # the greatest likeness counts as one from here on; 0.1 is usual, 0.3 much
_JUDGED: Final = 1.0  # the weight from which on a possibility was judged by more than its code: it counts twice
_CLEAR: Final = 0.25  # a likeness that makes a likely cause doubtful which shares next to nothing with the text
_STRANGE: Final = 0.15  # of that: the share that is next to nothing
_BOUNCES: Final = frozenset({"message", "delivery-status", "ndr"})
_CODED: Final = 0.9  # what is doubted weighs no more than what a code makes possible


class Compared(Struct, frozen=True):
    """A case's texts beside the known ones: its lines (paste, 0-based number), the features of each and of all, and the likeness
    to each cause."""

    lines: tuple[tuple[Paste, int], ...]
    told: tuple[set[str], ...]
    every: set[str]
    alike: dict[str, float]

    @classmethod
    def of(cls, pastes: Sequence[Paste], artefacts: Iterable[Artefact] = ()) -> Compared:
        formal, replied = _of_bounces(artefacts)
        lines = tuple(
            (paste, number) for paste in pastes for number in _read(paste) if (paste.index, number) not in formal
        )
        texts = [paste.lines[number] for paste, number in lines] + [COURTESY.sub("", fact.whole) for fact in replied]
        lines += tuple((pastes[fact.source.paste], fact.source.line - 1) for fact in replied)
        told = tuple(features(texts))
        every = set(chain.from_iterable(told))
        return cls(lines, told, every, known().likeness(every))

    def doubting(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """The verdicts, with what is likely only possible where the text reads like something else altogether."""
        most = max(self.alike.values(), default=0.0)
        return [_doubted(each) if most >= _CLEAR and self._strange(each, most) else each for each in verdicts]

    def _strange(self, verdict: Verdict, most: float) -> bool:
        id_ = verdict.cause.id
        return by_words(verdict) and id_ in known().causes and self.alike.get(id_, 0.0) < _STRANGE * most

    def suspecting(
        self,
        verdicts: Sequence[Verdict],
        facts: Sequence[Fact],
        causes: Mapping[str, Cause],
        leaning: Callable[[str], float],
    ) -> list[Verdict]:
        """The verdicts with the weights that the words of the text give them, and new suspects, in no order.

        `leaning` is how much a person's own words speak for a cause: what they speak against is not raised by its likeness.
        Where no fact was read, or only that a message came back, only whole phrases make a suspect.
        """
        one = max([_MUCH, *self.alike.values()])
        weights = {id_: likeness / one + by for id_, likeness in self.alike.items() if (by := leaning(id_)) >= 0}
        found = [_moved(each, weights.get(each.cause.id, 0.0)) for each in verdicts]
        present = frozenset(map(type, facts))
        coded = any(not _is_uncoded(fact) for fact in facts)
        for id_ in self._new(weights, {each.cause.id for each in verdicts}, causes):
            shares = known().shares(id_, self.every)
            if coded or sum(1 for shared in shares if " " in shared) >= _PHRASES:
                found.append(_suspect(causes[id_], self._most_telling(shares), _NEW * weights[id_], present))
        return found

    def _new(self, weights: Mapping[str, float], judged: set[str], causes: Mapping[str, Cause]) -> list[str]:
        least = max(_LEAST, _BESIDE * max(self.alike.values(), default=0.0))
        alike = [(-weight, id_) for id_, weight in weights.items() if self.alike[id_] >= least]
        return [id_ for _, id_ in sorted(alike) if id_ in causes and id_ not in judged][:_MOST]

    def _most_telling(self, shares: Mapping[str, float]) -> Source:
        """The line that adds most to a likeness, the first of several; exactly, as a set has another order in each process."""
        added = [math.fsum(shares.get(word, 0.0) for word in each) for each in self.told]
        paste, number = self.lines[added.index(max(added))]
        return Source(number + 1, paste.raw[number].strip(), paste.index)


def by_words(verdict: Verdict) -> bool:
    """Whether words alone made a cause likely: what a session or a setting shows, other words don't make doubtful."""
    shown = any(isinstance(each, Fact) and not isinstance(each, Said | Reply) for each in verdict.finding.evidence)
    return verdict.finding.belief is Belief.LIKELY and isinstance(verdict.anchor, Said) and not shown


def _read(paste: Paste) -> Iterable[int]:
    """The lines (0-based) of the beginning and the end of a long paste, all of another."""
    total = sum(map(len, paste.lines))
    if total <= 2 * _LONGEST:
        return range(len(paste.lines))
    at, kept = 0, []
    for number, line in enumerate(paste.lines):
        if at + len(line) <= _LONGEST or at >= total - _LONGEST:
            kept.append(number)
        at += len(line)
    return kept


def _is_uncoded(fact: Fact) -> bool:
    """Whether a fact is a bounce of which only that it failed is known, or to whom it was addressed."""
    if isinstance(fact, Reply):
        return not fact.code and fact.enhanced[1:] in (".0.0", ".4.7")
    return isinstance(fact, Addressed | Returned)


def _of_bounces(artefacts: Iterable[Artefact]) -> tuple[set[tuple[int, int]], list[Reply]]:
    """The lines (paste, 0-based number) of bounces, and what was replied in them: the rest is a form that every bounce has."""
    bounces = [each for each in artefacts if each.kind in _BOUNCES]
    lines = {(each.paste, line) for each in bounces for line in each.claims or range(each.first - 1, each.last)}
    return lines, [fact for each in bounces for fact in each.facts if isinstance(fact, Reply)]


def _doubted(verdict: Verdict) -> Verdict:
    weight = min(verdict.finding.weight, _CODED)
    return replace(verdict, finding=replace(verdict.finding, belief=Belief.POSSIBLE, weight=weight))


def _moved(verdict: Verdict, more: float) -> Verdict:
    if verdict.finding.belief is not Belief.POSSIBLE or verdict.cause.modifier:
        return verdict
    weight = verdict.finding.weight * (2 if verdict.finding.weight >= _JUDGED else 1) + more
    return replace(verdict, finding=replace(verdict.finding, weight=weight))


def _suspect(cause: Cause, source: Source, weight: float, present: frozenset[type[Fact]]) -> Verdict:
    because = f"Known cases of it read like this, most of all `{short(source.quote)}`; nothing sent so far proves it."
    finding = Finding(Belief.POSSIBLE, because, (source,), weight=weight)
    return Verdict(cause, finding, cause.wanted - present - {Said}, Fact(source=source), alike=True)
