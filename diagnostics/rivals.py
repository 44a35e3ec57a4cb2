"""Rivals told apart: what was open on a line is ruled out once that line has its cause, or names a look-alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
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
