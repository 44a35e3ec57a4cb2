"""Where no rule proves anything: what the texts read like, the codes that a person names, and what an answer means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from msgspec.structs import replace

from diagnostics import codes
from diagnostics.book import Book
from diagnostics.cause import Belief
from diagnostics.facts import Fact, Source, WindowsEvent
from diagnostics.hints import leaning
from diagnostics.judgement import Judgement, in_a_sentence
from diagnostics.looked_facts import Checked
from diagnostics.mail_facts import Configured
from diagnostics.named_codes import named
from diagnostics.resemblance import Compared
from diagnostics.rivals import beside
from diagnostics.seen import cured, failures
from diagnostics.stated import stated
from diagnostics.verdict import PROVED, Verdict, in_order, is_open


def read_of(first: Judgement | None) -> frozenset[str] | None:
    """The suspects of a first text in which something was read; None where all was told: then any answer may be the cause."""
    read = first is not None and not all(each.alike for each in first.of(Belief.POSSIBLE))
    return frozenset(each.cause.id for each in first.verdicts) if first and read else None


def weigh(judgement: Judgement, book: Book, before: frozenset[str] | None) -> None:
    """Where no rule proves anything, weigh what the text reads like, and add suspects to a short list. `before` are those that
    something in the first text points to."""

    def said(id_: str) -> float:
        return leaning(id_, judgement.told)

    @cache
    def compared() -> Compared:
        return Compared.of(judgement.pastes, judgement.artefacts, judgement.facts, complaint=judgement.complaint)

    def likest() -> Iterator[Verdict]:
        yield from compared().likest(book.causes, said)  # not compared before somebody asks for the first

    best = judgement.best[0]
    alike: Iterable[Verdict] = ()
    if best != Belief.CONFIRMED and not _seen(judgement):
        if best == Belief.LIKELY:
            alike = likest()
        elif judgement.complaint or (_told(judgement) and not (best == 0 and stated(judgement.facts))):
            if judgement.complaint:
                judgement.verdicts += named(judgement, judgement.prose, book.causes)
            judgement.verdicts = compared().suspecting(judgement.verdicts, book.causes, said)
            settle(judgement, before)  # what an answer means may only read alike so far
            judgement.verdicts = in_order(judgement.verdicts)
    judgement.verdicts = beside(judgement.verdicts, judgement.facts, book.causes, alike)
    judgement.talk = _quotes(judgement) and not judgement.complaint and compared().is_talk


def _quotes(judgement: Judgement) -> bool:
    """Whether all that was sent is one line that quotes what it is about: a test, documentation, a plan."""
    lines = sum(1 for paste in judgement.pastes for line in paste.lines if line.strip())
    return lines == 1 and bool(judgement.artefacts) and all(map(in_a_sentence, judgement.artefacts))


def _seen(judgement: Judgement) -> bool:
    """Whether a success, or a check, tells more than words: of what a check saw, its own outcomes speak."""
    return bool(cured(judgement.facts)) or any(isinstance(fact, Checked) for fact in judgement.facts)


def _told(judgement: Judgement) -> bool:
    """Whether a failure is told, or nothing is read at all."""
    suspected = any(not each.cause.benign for each in judgement.of(Belief.POSSIBLE))
    failed = failures(judgement.facts)
    if not suspected and failed and all(map(_of_no_cause, failed)):
        return False
    return suspected or bool(failed) or all(each.in_words for each in judgement.artefacts)


def _of_no_cause(fact: Fact) -> bool:
    """Whether it is an event that is known and comes of none of the causes: what it reads like says nothing then."""
    return isinstance(fact, WindowsEvent) and codes.without_cause(fact.provider, fact.event) is not None


def settle(judgement: Judgement, before: frozenset[str] | None = None) -> None:
    """Call likely what somebody in the thread says was found: of the causes that a sentence may mean, the most open one."""
    for fact in judgement.facts:
        if not isinstance(fact, Configured) or fact.kind != "told-answer":
            continue
        meant = fact.items("Causes")
        if any(v.cause.id in meant and v.finding.belief >= Belief.LIKELY for v in judgement.verdicts):
            continue  # an artefact has chosen among them
        verdicts = enumerate(judgement.verdicts)
        open_ = [
            (v.finding.weight, i)
            for i, v in verdicts
            if v.cause.id in meant and is_open(v) and not _by_itself(v, fact, before)
        ]
        if open_:
            index = max(open_)[1]
            each = judgement.verdicts[index]
            because = f"{each.finding.because} That is so, you say."
            weight = max(each.finding.weight, PROVED)  # what somebody looked up leads what a code alone makes likely
            evidence = (*each.finding.evidence, fact)
            finding = replace(each.finding, belief=Belief.LIKELY, because=because, evidence=evidence, weight=weight)
            judgement.verdicts[index] = replace(each, finding=finding, alike=False)


def _by_itself(verdict: Verdict, answer: Fact, before: frozenset[str] | None) -> bool:
    """Whether only the answer reads like the suspect, and something that was read before it points to others."""
    return (verdict.alike and before is not None and verdict.cause.id not in before) and all(
        isinstance(each, Source) and each.paste == answer.source.paste for each in verdict.finding.evidence
    )
