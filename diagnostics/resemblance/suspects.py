"""Suspects by resemblance: where no rule is sure, what the text reads like orders what is possible.

It never makes anything likely, and changes no verdict. What a rule or a code made possible stays, and
moves; what was ruled out stays out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.cause import Belief, Cause, Finding
from diagnostics.declined import declined
from diagnostics.facts import DnsServers, Fact, InstalledCertificate, Reply, Said, SendConnector, Source
from diagnostics.mail_facts import Addressed, Configured, Returned
from diagnostics.patterns import linear
from diagnostics.recognisers.bounce_words import COURTESY
from diagnostics.resemblance.table import TALK, known
from diagnostics.resemblance.words import features
from diagnostics.text import Paste, short
from diagnostics.verdict import Verdict, in_order, is_open

_LONGEST: Final = 8_000  # characters that are compared of the beginning of each paste, and as many of its end
_LEAST: Final = 0.05  # below this likeness, a text is hardly more like a cause than like any other
_TALK: Final = 0.3  # a likeness to harmless messages that next to no report of a failure has
_IN_TALK: Final = 0.7  # of the likest cause's likeness, that one to harmless messages has where nothing is reported
_LONG: Final = (
    100  # words and pairs: of 400 harmless messages one in forty has as many, of reports in people's own words most
)
_IN_LONG_TALK: Final = 1.2  # the same for those: greetings and thanks around a report read like talk, too
_WORTH: Final = 0.7  # of a likeness of 1, beside the weights that rules and codes give
_WORDS: Final = 9  # words and pairs: where nobody tells of a failure, a text of fewer is no report of one
_FEWEST: Final = 4  # words and pairs: one word, or a cmdlet above its output, reads like nothing
_MOST: Final = 3  # suspects that likeness names
# From which likeness on how much alike it is, and how often it is so: of 1,900 suspects on 870 unread reports 71, 46, 15 in 100
_ALIKE: Final = 0.3
_READS: Final = (
    (0.6, "much like", "seven in ten"),
    (_ALIKE, "like", "nearly half"),
    (0.0, "a little like", "one in six"),
)
HARDLY_ALIKE: Final = _WORTH * _ALIKE  # a weight: the first suspect of less is the cause in one of five texts
_RULE: Final = linear(r"\s*-{3,}(?: +-{3,})+\s*")
_FORMS: Final = frozenset(
    {"message", "delivery-status", "ndr", "get-queue"}
)  # of which only what was replied tells anything

Leaning = Callable[[str], float]  # how much a person's own words speak for a cause (its id), or against it


class Compared(Struct, frozen=True):
    """A case's texts beside the known ones: its lines (paste, 0-based number) and the replies of its bounces, the features of
    each and of all, the likeness to each cause, and the types of the facts that were read. `failed`: a failure is read or told;
    else a text may be small talk."""

    lines: tuple[tuple[Paste, int], ...]
    replied: tuple[Source, ...]
    told: tuple[set[str], ...]
    every: set[str]
    alike: dict[str, float]
    present: frozenset[type[Fact]]
    failed: bool

    @classmethod
    def of(
        cls,
        pastes: Sequence[Paste],
        artefacts: Iterable[Artefact] = (),
        facts: Sequence[Fact] = (),
        *,
        complaint: bool = False,
    ) -> Compared:
        """`complaint`: a person says that something fails."""
        artefacts = tuple(artefacts)
        formal, replied = _of_forms(artefacts)
        formal |= {(paste.index, number) for paste in pastes for number in _headings(paste.lines)}
        silent = declined(pastes, artefacts)  # "no idea" reads like nothing
        lines = tuple(
            (paste, number)
            for paste in pastes
            if paste.index not in silent
            for number in _read(paste)
            if (paste.index, number) not in formal
        )
        texts = [paste.lines[number] for paste, number in lines] + [COURTESY.sub("", fact.whole) for fact in replied]
        told = tuple(features(texts))
        every = set(chain.from_iterable(told))
        failed = complaint or any(not _is_uncoded(fact) for fact in facts)
        sources = tuple(fact.source for fact in replied)
        return cls(lines, sources, told, every, known().likeness(every), frozenset(map(type, facts)), failed)

    @property
    def is_talk(self) -> bool:
        """Whether the text reads so much like harmless messages that hardly a report of a failure does."""
        return self.alike.get(TALK, 0.0) >= _TALK

    def suspecting(self, verdicts: Iterable[Verdict], causes: Mapping[str, Cause], said: Leaning) -> list[Verdict]:
        """The verdicts in the order of their weights and likenesses together, with what the text reads like most among them."""
        weights = self._weights(causes, said)
        judged = {each.cause.id: _moved(each, weights.get(each.cause.id, 0.0)) for each in verdicts}
        new = (self._suspect(causes[id_], weights[id_]) for id_ in islice(weights, _MOST) if id_ not in judged)
        return in_order([*judged.values(), *new])

    def likest(self, causes: Mapping[str, Cause], said: Leaning) -> Iterator[Verdict]:
        """What the text reads like, likest first, as suspects; each is made when it is asked for."""
        return (self._suspect(causes[id_], weight) for id_, weight in self._weights(causes, said).items())

    def _weights(self, causes: Mapping[str, Cause], said: Leaning) -> dict[str, float]:
        """What likenesses weigh, likest first, less what the person says against; none for what may be talk and reads so."""
        likenesses = {id_: by for id_, by in self.alike.items() if by >= _LEAST and id_ in causes}
        if len(self.every) < _FEWEST or (not self.failed and self._may_be_talk(max(likenesses.values(), default=0.0))):
            return {}
        weights = ((id_, _WORTH * min(1.0, by) + min(0.0, said(id_))) for id_, by in likenesses.items())
        return dict(sorted((row for row in weights if row[1] > 0), key=lambda row: (-row[1], row[0])))

    def _may_be_talk(self, most: float) -> bool:
        share = _IN_TALK if len(self.every) < _LONG else _IN_LONG_TALK
        return len(self.every) < _WORDS or self.alike.get(TALK, 0.0) >= share * most

    def _suspect(self, cause: Cause, weight: float) -> Verdict:
        source = self._most_telling(known().shares(cause.id, self.every))
        much, share = next(said for least, *said in _READS if self.alike[cause.id] >= least)
        where = f", most of all `{short(source.quote)}`" if len(self.told) > 1 else ""
        because = f"Known cases read {much} this{where}: {share} of such reports had this cause. Nothing sent so far proves it."
        finding = Finding(Belief.POSSIBLE, because, (source,), weight=weight)
        return Verdict(cause, finding, cause.wanted - self.present - {Said}, Fact(source=source), alike=True)

    def _most_telling(self, shares: Mapping[str, float]) -> Source:
        """The line that adds most to a likeness, the first of several; exactly, as a set has another order in each process."""
        added = [math.fsum(shares.get(word, 0.0) for word in each) for each in self.told]
        most = added.index(max(added))
        if most >= len(self.lines):
            return self.replied[
                most - len(self.lines)
            ]  # as it reads, where the part of a message that it stood in was encoded
        paste, number = self.lines[most]
        return Source(number + 1, paste.raw[number].strip(), paste.index)


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


def _headings(lines: Sequence[str]) -> Iterator[int]:
    """The lines with the names of a table's columns, and the rule below by which PowerShell underlines them: they are the same in
    every table."""
    for number, line in enumerate(lines):
        if "---" in line and _RULE.fullmatch(line):
            yield from (number - 1, number)


def _is_uncoded(fact: Fact) -> bool:
    """Whether a fact is a bounce of which only that it failed is known, or to whom it was addressed."""
    if isinstance(fact, Reply):
        return not fact.code and fact.enhanced[1:] in (".0.0", ".4.7")
    return isinstance(fact, Addressed | Returned)


def _of_forms(artefacts: Iterable[Artefact]) -> tuple[set[tuple[int, int]], list[Reply]]:
    """The lines (paste, 0-based number) of bounces and queues, and what was replied in them: the rest is alike in all. Settings
    that were sent later, as they were asked for, say nothing that the first text doesn't read like."""
    forms = [each for each in artefacts if each.kind in _FORMS or (each.paste and _is_settings(each))]
    lines = {(each.paste, line) for each in forms for line in each.claims or range(each.first - 1, each.last)}
    return lines, [fact for each in forms for fact in each.facts if isinstance(fact, Reply)]


def _is_settings(artefact: Artefact) -> bool:
    kinds = Configured | InstalledCertificate | SendConnector | DnsServers
    return not artefact.in_words and bool(artefact.facts) and all(isinstance(each, kinds) for each in artefact.facts)


def _moved(verdict: Verdict, more: float) -> Verdict:
    if not is_open(verdict):
        return verdict
    return replace(verdict, finding=replace(verdict.finding, weight=verdict.finding.weight + more))
