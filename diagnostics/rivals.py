"""Rivals told apart: what was open on a line is ruled out once that line has its cause, or names a look-alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Cause, Finding
from diagnostics.codes.wording import contains, fold
from diagnostics.facts import Fact, Reply, Said, Source
from diagnostics.kept import table
from diagnostics.text import short
from diagnostics.verdict import Verdict

_OPEN: Final = (Belief.POSSIBLE, Belief.LIKELY)
_FEW: Final = 3  # that are listed beside a likely cause
_SOME: Final = 4  # and where none is
_WEAKEST: Final = 0.01


def rivals_of(cause: str) -> tuple[str, ...]:
    """The causes that people take this one for (rivals.toml), by id."""
    return _pairs().get(cause, ())


@lru_cache(maxsize=1)
def _pairs() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one, others in table(Path(__file__).with_name("rivals.toml")).items():
        for other in others:
            found[one] = (*found.get(one, ()), other)
            found[other] = (*found.get(other, ()), one)
    return found


def beside(
    verdicts: Sequence[Verdict], facts: Iterable[Fact], causes: Mapping[str, Cause], alike: Iterable[Verdict]
) -> list[Verdict]:
    """The verdicts, with other suspects behind them where few are listed: of a text that doesn't prove its cause, an expert
    checks three to five. Those are what the text reads like (`alike`, likest first), then known rivals of the first suspect.
    `verdicts` are in order; what the text rules out stays out."""
    listed = [each for each in verdicts if each.finding.belief > Belief.RULED_OUT and not each.cause.modifier]
    first = listed[0] if listed else None
    if first is None or first.alike or first.cause.benign or first.finding.belief is Belief.CONFIRMED:
        return list(verdicts)
    likely = first.finding.belief is Belief.LIKELY
    shown = [
        each for each in listed if not likely or each.finding.belief is Belief.LIKELY or each.finding.weight >= 1.0
    ]
    names = {each.cause.id for each in shown} | {v.cause.id for v in verdicts if v.finding.belief is Belief.RULED_OUT}
    room = max(0, (_FEW if likely else _SOME) - len(shown))
    present = frozenset(map(type, facts))
    known = (_rival(causes[id_], first, present) for id_ in rivals_of(first.cause.id) if id_ in causes)
    new: dict[str, Verdict] = {}
    for each in chain(alike, known) if room else ():
        if each.cause.id not in names:
            new.setdefault(each.cause.id, _behind(each))
        if len(new) == room:
            break
    return [*(each for each in verdicts if each.cause.id not in new), *new.values()]


def _behind(verdict: Verdict) -> Verdict:
    return replace(verdict, finding=replace(verdict.finding, weight=_WEAKEST), rival=True)


def _rival(cause: Cause, first: Verdict, present: frozenset[type[Fact]]) -> Verdict:
    because = (
        f"It shows in much the same way as the first one ({first.cause.title}); what was sent does not rule it out."
    )
    evidence = (first.anchor,) if first.anchor else ()
    return Verdict(cause, Finding(Belief.POSSIBLE, because, evidence), cause.wanted - present - {Said}, first.anchor)


def explained(verdicts: Sequence[Verdict], facts: Iterable[Fact]) -> list[Verdict]:
    """The verdicts, with the readings of a line that lost to a confirmed one ruled out.

    Only what an earlier paste left open is concerned: a line whose own words settle it never had rivals to name.
    """
    replies = {fact.source: fact for fact in facts if isinstance(fact, Reply) and fact.failing}
    proofs = [_Proof(each, replies) for each in verdicts if _settles(each)]
    return [_against(each, proofs, replies) for each in verdicts]


def denied(
    verdicts: Sequence[Verdict], said: Mapping[str, Sequence[Said]], causes: Mapping[str, Cause]
) -> list[Verdict]:
    """The verdicts, with the causes that a look-alike's words speak against ruled out. `said` holds those words by id."""
    found: list[Verdict] = []
    for each in verdicts:
        words = next((one for one in said.get(each.cause.id, ()) if _open_on(each, one)), None)
        found.append(_denial(each.cause, words) if words else each)
    judged = {each.cause.id for each in verdicts}
    return found + [_denial(causes[id_], words[0]) for id_, words in said.items() if id_ not in judged]


def _open_on(verdict: Verdict, words: Said) -> bool:
    """Whether a cause is merely possible because of these words, or of a shorter text of them."""
    anchor = verdict.anchor
    text = anchor.whole if isinstance(anchor, Reply) else anchor.text if isinstance(anchor, Said) else ""
    return verdict.finding.belief is Belief.POSSIBLE and bool(text) and contains(fold(words.text), (fold(text),))


def _denial(cause: Cause, words: Said) -> Verdict:
    because = f"`{words.signature}` {dict(cause.against)[words.signature]}."
    return Verdict(cause, Finding(Belief.RULED_OUT, because, (words,)), frozenset(), words)


class _Proof:
    """A confirmed cause, the lines and replies that it explains, and the last paste that it needed."""

    def __init__(self, verdict: Verdict, replies: Mapping[Source, Reply]) -> None:
        self.verdict = verdict
        self.sources = frozenset(_sources(verdict))
        self.paste = max((source.paste for source in self.sources), default=0)
        self.words = tuple(fold(replies[source].whole) for source in self.sources if source in replies)

    def explains(self, source: Source, reply: Reply | None) -> bool:
        """Whether this is about the line at `source`, or about a fuller text of the reply that stands there."""
        if source.paste >= self.paste:
            return False
        fuller = reply is not None and any(contains(each, (fold(reply.whole),)) for each in self.words)
        return fuller or source in self.sources


def _settles(verdict: Verdict) -> bool:
    return verdict.finding.belief is Belief.CONFIRMED and not verdict.cause.modifier


def _sources(verdict: Verdict) -> Iterator[Source]:
    for fact in (verdict.anchor, *verdict.finding.evidence):
        if fact is not None:
            yield fact.source if isinstance(fact, Fact) else fact


def _against(verdict: Verdict, proofs: Iterable[_Proof], replies: Mapping[Source, Reply]) -> Verdict:
    if verdict.finding.belief not in _OPEN or verdict.cause.modifier or verdict.anchor is None:
        return verdict
    source = verdict.anchor.source
    reply = replies.get(source)
    seen = max(each.paste for each in _sources(verdict))
    # A cause that has weighed the later paste and still stays open knows why.
    proof = next((each for each in proofs if seen < each.paste and each.explains(source, reply)), None)
    if proof is None:
        return verdict
    because = f"`{short(reply.text if reply else source.quote)}` comes from something else here: "
    because += f"{proof.verdict.cause.title}."
    return replace(verdict, finding=Finding(Belief.RULED_OUT, because, (verdict.anchor,)))
