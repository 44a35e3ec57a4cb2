"""From a judgement to the report: what is said, in which order, and what is asked next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.book import Book
from diagnostics.cause import Belief
from diagnostics.changes import changed
from diagnostics.checkable import worth_checking
from diagnostics.declined import declined
from diagnostics.elsewhere import for_unix
from diagnostics.engine import judge
from diagnostics.facts import Fact, Source, TlsFailed
from diagnostics.judgement import Judgement
from diagnostics.notes import notes_of
from diagnostics.questions import questions
from diagnostics.report import BeliefName, Evidence, Moment, Note, ReadArtefact, Report, RuledOut, Suspect
from diagnostics.report import Verdict as VerdictName
from diagnostics.seen import cured, failures, put_off
from diagnostics.stated import stated
from diagnostics.subject import subject_of
from diagnostics.text import Paste
from diagnostics.timeline import moments
from diagnostics.verdict import Verdict

_LONGEST_QUOTE: Final = 400
_MOST_SUSPECTS: Final = 6
_MOST_DECLINED: Final = 3  # texts without an answer, the last ones: each costs a judgement


def report_of(texts: Sequence[str], book: Book | None = None) -> Report:
    """The report on a case, and, when there are follow-ups, what the last one changed. `book` defaults to the whole catalogue."""
    judgement = _judged(texts, book)
    report = reported(judgement)
    if len(texts) < 2:
        return report
    before = reported(_judged(texts[:-1], book))
    return report.model_copy(update={"changed": changed(before, report, judgement)})


def _judged(texts: Sequence[str], book: Book | None) -> Judgement:
    """The judgement, with the questions that stood before a text in which somebody says that he can't answer."""
    judgement = judge(texts, book)
    refused: set[str] = set()
    for at in declined(judgement.pastes, judgement.artefacts)[-_MOST_DECLINED:]:
        stood = judge(texts[:at], book)
        stood.declined = frozenset(refused)
        for each in reported(stood).next:
            refused.update((each.ask, each.command.partition(" ")[0]))
    judgement.declined = frozenset(refused - {""})
    return judgement


def reported(judgement: Judgement) -> Report:
    """The report on what was judged."""
    verdict = _verdict(judgement)
    shown = _shown(judgement, verdict)
    report = Report(
        verdict=verdict,
        summary=_summary(verdict, shown, judgement),
        artefacts=tuple(
            ReadArtefact(kind=a.kind, lines=(a.first, a.last), paste=a.paste, facts=a.shown)
            for a in judgement.artefacts
        ),
        findings=tuple(_suspect(each, judgement) for each in shown),
        ruled_out=tuple(
            RuledOut(cause=each.cause.id, title=each.cause.title, because=each.finding.because)
            for each in judgement.of(Belief.RULED_OUT)
        ),
        next=questions([each for each in shown if not each.rival], judgement)
        if _open(verdict, shown, judgement)
        else (),
        timeline=tuple(Moment(at=m.at, line=m.line, what=m.what, paste=m.paste) for m in moments(judgement.facts)),
        notes=(*_beside(judgement), *notes_of(judgement.facts)),
        check=worth_checking(shown, judgement.facts) if verdict in ("failure", "unknown") else "",
        subject=subject_of(shown, judgement.facts) if verdict == "failure" else "",
    )
    return _renumbered(report, judgement.pastes) if any(paste.numbers for paste in judgement.pastes) else report


def _open(verdict: VerdictName, shown: Sequence[Verdict], judgement: Judgement) -> bool:
    """Whether there is something to ask: no longer where Exchange states what happened and nothing points at more."""
    if verdict == "unknown" and not shown and failures(judgement.facts):
        return not stated(judgement.facts)
    return verdict in ("failure", "unknown") or (verdict == "nothing" and bool(shown))


def _renumbered(report: Report, pastes: Sequence[Paste]) -> Report:
    """With the numbers that the lines have in what was pasted, where some were left out before it was judged."""

    def number(paste: int, line: int) -> int:
        return pastes[paste].number(line)

    return replace(
        placed(report, lambda each: replace(each, line=number(each.paste, each.line))),
        artefacts=tuple(
            replace(each, lines=(number(each.paste, each.lines[0]), number(each.paste, each.lines[1])))
            for each in report.artefacts
        ),
        timeline=tuple(replace(each, line=number(each.paste, each.line)) for each in report.timeline),
    )


def placed(report: Report, place: Callable[[Evidence], Evidence]) -> Report:
    """The report with every line that its findings and notes quote where `place` puts it."""

    def moved(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
        return tuple(map(place, evidence))

    return replace(
        report,
        findings=tuple(replace(each, evidence=moved(each.evidence)) for each in report.findings),
        notes=tuple(replace(each, evidence=moved(each.evidence)) for each in report.notes),
    )


def _verdict(judgement: Judgement) -> VerdictName:
    """What a text reads like changes nothing here: that it is a failure, and of what, has to be shown or told."""
    if not judgement.artefacts or judgement.talk:
        return "nothing"
    believed = [each for each in _believed(judgement) if not each.alike and not each.rival]
    if cured(judgement.facts) or (put_off(judgement.facts) and not judgement.complaint):
        return "healthy"
    if believed and believed[0].cause.benign and believed[0].finding.belief >= Belief.LIKELY:
        return "healthy"
    if any(not each.cause.benign for each in believed):
        return "failure"
    if failures(judgement.facts):
        return "unknown"
    if all(each.in_words for each in judgement.artefacts):
        return "nothing"
    if judgement.complaint:
        return "unknown"
    return "nothing" if all(map(_is_mute, judgement.artefacts)) else "healthy"


def _is_mute(artefact: Artefact) -> bool:
    """Whether a person told it, or it is of a message that tells neither its way nor what a server made of it, as those that
    people write to each other: that nothing failed on its way, it can't show."""
    return (
        artefact.in_words
        or artefact.kind == "message-text"
        or (artefact.kind == "message-headers" and not artefact.shown)
    )


def _believed(judgement: Judgement) -> list[Verdict]:
    """What the text supports, best first, circumstances aside."""
    return [v for v in judgement.verdicts if v.finding.belief > Belief.RULED_OUT and not v.cause.modifier]


def _shown(judgement: Judgement, verdict: VerdictName) -> list[Verdict]:
    """The findings worth a reader's time: once something is likely, what a bare code made possible is noise."""
    believed = _believed(judgement)
    strong = [each for each in believed if each.finding.belief >= Belief.LIKELY]
    if verdict == "healthy":
        return strong
    if not strong:  # what reads alike pushes nothing out: the same failure in other words has the same suspects
        suspected = [each for each in believed if not each.alike][:_MOST_SUSPECTS]
        return [each for each in believed if each.alike or each in suspected]
    taken = [each for each in believed if each.rival]
    rivals = [each for each in believed if each.finding.belief is Belief.POSSIBLE and each.finding.weight >= 1.0]
    return strong + (
        [] if strong[0].finding.belief is Belief.CONFIRMED else (rivals + taken)[: _MOST_SUSPECTS - len(strong)]
    )


def _sources(facts: Iterable[Fact | Source | None]) -> Iterator[Source]:
    for fact in facts:
        if isinstance(fact, Fact):
            yield fact.source
        elif fact is not None:
            yield fact
        if isinstance(fact, TlsFailed) and fact.offered is not None:
            yield fact.offered.source  # the line with the thumbprint is half of the proof


def _beside(judgement: Judgement) -> tuple[Note, ...]:
    """Circumstances (modifiers) are said beside the cause, never ranked against it."""
    return tuple(
        Note(
            text=f"{each.cause.title}: {each.finding.because}",
            cause=each.cause.id,
            evidence=evidence_of(each.finding.evidence),
        )
        for each in judgement.verdicts
        if each.cause.modifier and each.finding.belief > Belief.RULED_OUT
    )


def _suspect(verdict: Verdict, judgement: Judgement) -> Suspect:
    finding = verdict.finding
    steps = map(for_unix, finding.steps) if judgement.elsewhere else finding.steps
    names: dict[Belief, BeliefName] = {
        Belief.POSSIBLE: "possible",
        Belief.LIKELY: "likely",
        Belief.CONFIRMED: "confirmed",
    }
    return Suspect(
        cause=verdict.cause.id,
        title=verdict.cause.title,
        belief=names[finding.belief],
        because=finding.because,
        evidence=evidence_of(finding.evidence),
        act=finding.act or verdict.cause.act,
        steps=tuple(sorted(steps, key=lambda step: step.effect != "read-only")),
        references=verdict.cause.references,
        alike=verdict.alike,
    )


def evidence_of(facts: Iterable[Fact | Source | None]) -> tuple[Evidence, ...]:
    """The lines that the facts were read from, each once, in the order given."""
    found: dict[tuple[int, int], Evidence] = {}
    for source in _sources(facts):
        quote = source.quote if len(source.quote) <= _LONGEST_QUOTE else source.quote[: _LONGEST_QUOTE - 1] + "…"
        found.setdefault((source.paste, source.line), Evidence(quote=quote, line=source.line, paste=source.paste))
    return tuple(found.values())


def _summary(verdict: VerdictName, shown: Sequence[Verdict], judgement: Judgement) -> str:
    alike = f" It reads most like this: {shown[0].cause.title}." if shown else ""
    if verdict == "nothing":
        return f"There is no mail-flow artefact in this text.{alike}"
    if verdict == "healthy":
        change = cured(judgement.facts)
        if change:
            return f"The latest session of {change.connector or 'this connector'} succeeded: mail flows again."
        if shown:
            return f"Nothing is broken: {shown[0].cause.title}."
        kinds = sorted({artefact.kind for artefact in judgement.artefacts})
        return f"Nothing in this {', '.join(kinds)} shows a failure."
    if verdict == "unknown" and not failures(judgement.facts):
        return "You tell of a failure, and nothing in what was sent shows it."
    if verdict == "unknown" and stated(judgement.facts):
        return "Exchange itself states what happened, and none of the causes I know stands behind it."
    if verdict == "unknown":
        return f"A failure is visible, but its cause is not in what was sent.{alike}"
    top = shown[0]
    if top.finding.belief is Belief.POSSIBLE and len(shown) > 1:
        return f"Not settled yet: {len(shown)} causes fit what was sent."
    return f"{top.finding.belief.name.capitalize()}: {top.cause.title}."
