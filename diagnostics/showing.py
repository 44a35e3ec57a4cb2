"""What settings and look-ups show of the suspects: they raise one or rule it out, whatever made it one (cause.shown)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding
from diagnostics.facts import Fact
from diagnostics.looked_facts import TlsProbe
from diagnostics.verdict import PROVED, Verdict, in_order, is_open


def set_aside(verdicts: Iterable[Verdict], first: Iterable[Verdict]) -> list[Verdict]:
    """Without what is no fault and stands only in what was sent later: every server's logs have it, and nobody asked. `first`
    are the verdicts on the first text."""
    told = {each.cause.id for each in first}
    return [
        each
        for each in verdicts
        if not each.cause.benign or each.cause.id in told or each.finding.belief is Belief.RULED_OUT
    ]


def after_looks(
    verdicts: Sequence[Verdict], facts: Collection[Fact], hearsay: Container[Fact], first: Sequence[Verdict] | None
) -> list[Verdict]:
    """The verdicts after a look at all that was shown, in their order. `hearsay` are the facts that somebody only told, which
    prove nothing; `first` are the verdicts on the first text, where more was sent since."""
    everything = _by_type(facts)
    begun = _by_type(each for each in facts if not each.source.paste) if first is not None else {}
    believed = {each.cause.id: each.finding.belief for each in first or ()}
    place = {id_: number for number, id_ in enumerate(believed)}
    judged, probed = [*verdicts, *_no_longer_listed(verdicts, first or ())], list[TlsProbe]()
    looked = set(range(len(verdicts)))  # and whom of the first suspects a look tells of; the others stay away
    for index, each in sorted(enumerate(judged), key=lambda row: place.get(row[1].cause.id, len(place))):
        finding = _shown_of(each, everything)
        if finding is None:
            continue
        raised = finding.belief > Belief.POSSIBLE
        # A rival is there for another suspect's sake: what a system without the fault may have as well is no reason for it.
        if raised and each.rival and finding.belief is Belief.LIKELY:
            continue
        # What the first text has was weighed when it came: what was sent since has to tell more.
        if (
            raised
            and first is not None
            and believed.get(each.cause.id, 0) < Belief.LIKELY
            and _same(each, finding, begun)
        ):
            continue
        # A handshake shows the fault of one server: it is that of the likelier suspect, the own server or the other one.
        seen = finding.evidence[0] if raised and finding.evidence else None
        if isinstance(seen, TlsProbe) and seen in probed:
            continue
        probed += [seen] if isinstance(seen, TlsProbe) else []
        judged[index] = _after(each, finding, hearsay)
        looked.add(index)
    return in_order([each for index, each in enumerate(judged) if index in looked])


def _no_longer_listed(verdicts: Iterable[Verdict], first: Iterable[Verdict]) -> list[Verdict]:
    """The suspects of the first text that all texts together don't read like: what was asked for was asked about them."""
    now = {each.cause.id for each in verdicts}
    return [each for each in first if is_open(each) and each.cause.id not in now]


def _by_type(facts: Iterable[Fact]) -> dict[type[Fact], list[Fact]]:
    found: dict[type[Fact], list[Fact]] = defaultdict(list)
    for fact in facts:
        found[type(fact)].append(fact)
    return found


def _shown_of(verdict: Verdict, facts: dict[type[Fact], list[Fact]]) -> Finding | None:
    show = verdict.cause.show if Belief.RULED_OUT < verdict.finding.belief < Belief.CONFIRMED else None
    if show is None:
        return None
    arguments = [tuple(fact for kind in p.kinds for fact in facts.get(kind, ())) for p in verdict.cause.looked]
    return show(*arguments) if arguments[0] else None


def _same(verdict: Verdict, finding: Finding, facts: dict[type[Fact], list[Fact]]) -> bool:
    """Whether a look at these facts alone says as much."""
    alone = _shown_of(verdict, facts)
    return alone is not None and alone.belief >= finding.belief


def _after(verdict: Verdict, finding: Finding, hearsay: Container[Fact]) -> Verdict:
    """What a suspect is after a look. It is proved where the failure itself made it likely; a setting alone proves no failure."""
    belief = finding.belief
    told = any(isinstance(each, Fact) and each in hearsay for each in finding.evidence)
    if belief is Belief.CONFIRMED and (told or verdict.finding.belief is not Belief.LIKELY):
        belief = Belief.LIKELY
    evidence = finding.evidence
    if belief is not Belief.RULED_OUT:
        evidence = tuple(dict.fromkeys((*finding.evidence, *(() if verdict.rival else verdict.finding.evidence))))
    # Of two that the same look raises, the one that was the likelier before stays ahead.
    before = (verdict.finding.belief + verdict.finding.weight / 10) / 100
    weight = max(verdict.finding.weight, finding.weight, PROVED) + before
    steps = finding.steps or verdict.finding.steps
    seen = replace(finding, belief=belief, evidence=evidence, weight=weight, steps=steps)
    return replace(verdict, finding=seen, alike=False, rival=False)
