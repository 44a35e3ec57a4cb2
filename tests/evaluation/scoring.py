"""What a report is worth against what is known of the incident."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from diagnostics import Report, diagnose
from tests.evaluation.samples import Harmless, Incident

Diagnose = Callable[[tuple[str, ...]], Report]
_VERDICTS = {"silent": "nothing", "healthy": "healthy"}
_SURE = ("confirmed", "likely")


@dataclass(frozen=True)
class Outcome:
    """One incident's result. What doesn't apply to it is None. `named` are the causes found, best first."""

    incident: Incident
    named: tuple[str, ...]
    verdict: str
    beliefs: tuple[tuple[str, bool], ...]  # every finding: its belief, and whether it is right
    first: bool
    three: bool
    separates: bool | None  # where the input leaves it open: does a question tell the cause from another?
    act: bool | None  # does the first finding, when right, name who must act?
    settled: bool | None  # with the follow-ups: right first, and at least likely?
    lost: bool  # a right cause was ruled out, at any time
    mentions: tuple[bool, ...]
    harm: tuple[str, ...]


@dataclass
class Ratio:
    right: float = 0.0
    total: float = 0.0

    def add(self, right: bool | None, weight: float = 1.0) -> None:
        if right is not None:
            self.right += weight * right
            self.total += weight


@dataclass
class Slice:
    """Ratios of one family, one kind of artefact, or all; each incident weighs one by the size of its group."""

    incidents: float = 0.0
    first: Ratio = field(default_factory=Ratio)
    three: Ratio = field(default_factory=Ratio)
    separates: Ratio = field(default_factory=Ratio)
    act: Ratio = field(default_factory=Ratio)
    settled: Ratio = field(default_factory=Ratio)
    mentions: Ratio = field(default_factory=Ratio)

    def add(self, outcome: Outcome, weight: float) -> None:
        self.incidents += weight
        self.first.add(outcome.first, weight)
        self.three.add(outcome.three, weight)
        self.separates.add(outcome.separates, weight)
        self.act.add(outcome.act, weight)
        self.settled.add(outcome.settled, weight)
        for each in outcome.mentions:
            self.mentions.add(each, weight / len(outcome.mentions))


@dataclass
class Tally:
    """Everything that is shown. `beliefs` are all findings, `leading` only those that come first."""

    slices: dict[str, Slice] = field(default_factory=dict)
    beliefs: dict[str, Ratio] = field(default_factory=dict)
    leading: dict[str, Ratio] = field(default_factory=dict)
    harmless: dict[str, Ratio] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)


def _pure(texts: tuple[str, ...]) -> Report:
    return diagnose(texts[0], followups=texts[1:])


def scored(samples: Iterable[Incident | Harmless], judge: Diagnose = _pure) -> Tally:
    """Diagnose every sample and count."""
    known = list(samples)
    sizes = Counter(each.group or each.id for each in known)
    tally = Tally()
    for each in known:
        if isinstance(each, Harmless):
            _count_harmless(tally, each, judge((each.input,)))
        else:
            _count(tally, outcome_of(each, judge), 1 / sizes[each.group or each.id])
    return tally


def outcome_of(incident: Incident, judge: Diagnose = _pure) -> Outcome:
    report = judge((incident.input,))
    accept = set(incident.accept)
    named = tuple(each.cause for each in report.findings)
    texts = incident.until_settled()
    later = judge((incident.input, *texts)) if texts else None
    answer = report.model_dump_json().lower()
    first = named[:1] != () and named[0] in accept
    return Outcome(
        incident=incident,
        named=named,
        verdict=report.verdict,
        beliefs=tuple((each.belief, each.cause in accept) for each in report.findings),
        first=first,
        three=bool(accept & set(named[:3])),
        separates=None if incident.determinable == "yes" or _sure(report, accept) else _separates(report, accept),
        act=report.findings[0].act == incident.act if first and incident.act else None,
        settled=_settled(later, accept) if later else None,
        lost=any(accept <= {each.cause for each in r.ruled_out} for r in (report, later) if r),
        mentions=tuple(bool(re.search(pattern, answer)) for pattern in incident.must_mention),
        harm=tuple(pattern for pattern in incident.must_not if re.search(pattern, answer)),
    )


def _sure(report: Report, accept: set[str]) -> bool:
    """Whether it is right and confirmed: then nothing is left to ask."""
    return any(each.cause in accept and each.belief == "confirmed" for each in report.findings[:1])


def _separates(report: Report, accept: set[str]) -> bool:
    """Whether a question's answer tells a right cause from at least one other."""
    return any(accept & set(question.separates) and set(question.separates) - accept for question in report.next)


def _settled(report: Report, accept: set[str]) -> bool:
    leading = report.findings[:1]
    return any(each.cause in accept and each.belief in _SURE for each in leading)


def _count(tally: Tally, outcome: Outcome, weight: float) -> None:
    incident = outcome.incident
    kinds = ("all", f"determinable {incident.determinable}", f"family {incident.family}", f"kind {incident.kind}")
    for name in kinds:
        tally.slices.setdefault(name, Slice()).add(outcome, weight)
    for belief, right in outcome.beliefs:
        tally.beliefs.setdefault(belief, Ratio()).add(right, weight)
    for belief, right in outcome.beliefs[:1]:
        tally.leading.setdefault(belief, Ratio()).add(right, weight)
    tally.misses += [f"{incident.id}: {miss}" for miss in _misses(outcome)]


def _misses(outcome: Outcome) -> Iterable[str]:
    expected = ", ".join(outcome.incident.accept)
    found = ", ".join(f"{b} {c}" for (b, _), c in zip(outcome.beliefs[:4], outcome.named, strict=False))
    if not outcome.first:
        yield f"{expected} expected, {found or outcome.verdict} found"
    yield from (
        f"{c} is {b}, but wrong" for (b, r), c in zip(outcome.beliefs, outcome.named, strict=True) if _bad(b, r)
    )
    if outcome.lost:
        yield f"{expected} was ruled out"
    if outcome.separates is False:
        yield f"no question tells {expected} from another"
    if outcome.settled is False:
        yield f"{expected} is not first and at least likely after the follow-ups"
    if outcome.act is False:
        yield f"{outcome.incident.act} has to act"
    for pattern, said in zip(outcome.incident.must_mention, outcome.mentions, strict=True):
        if not said:
            yield f"does not say {pattern}"
    yield from (f"HARM: {pattern}" for pattern in outcome.harm)


def _bad(belief: str, right: bool) -> bool:
    return belief in _SURE and not right


def _count_harmless(tally: Tally, sample: Harmless, report: Report) -> None:
    right = report.verdict == _VERDICTS[sample.expected]
    tally.harmless.setdefault(sample.expected, Ratio()).add(right)
    if not right:
        found = ", ".join(f"{each.belief} {each.cause}" for each in report.findings[:3])
        tally.misses.append(f"{sample.id}: {sample.expected} expected, {report.verdict} found {found}".rstrip())
