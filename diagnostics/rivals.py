"""Rivals told apart: what was open on a reply is ruled out once that reply has its cause, or names a look-alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from diagnostics.cause import Belief, Cause, Finding
from diagnostics.codes.wording import contains, fold
from diagnostics.facts import Fact, Reply, Said, Source
from diagnostics.text import short
from diagnostics.verdict import Verdict


def explained(verdicts: Sequence[Verdict], facts: Iterable[Fact]) -> list[Verdict]:
    """The verdicts, with the readings of a reply that lost to a confirmed one ruled out.

    Only what an earlier paste left open is concerned: a reply whose own words settle it never had rivals to name.
    """
    replies = [fact for fact in facts if isinstance(fact, Reply) and fact.failing]
    proofs = [_Proof(each, replies) for each in verdicts if _settles(each)]
    if not proofs:
        return list(verdicts)
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
    """A confirmed cause, the replies that it explains, and the last paste that it needed."""

    def __init__(self, verdict: Verdict, replies: Iterable[Reply]) -> None:
        sources = set(_sources(verdict))
        self.verdict = verdict
        self.paste = max((source.paste for source in sources), default=0)
        self.words = tuple(fold(reply.whole) for reply in replies if reply.source in sources)

    def explains(self, reply: Reply) -> bool:
        """Whether this is about `reply`, or about a fuller text of it."""
        said = (fold(reply.whole),)
        return reply.source.paste < self.paste and any(contains(each, said) for each in self.words)


def _settles(verdict: Verdict) -> bool:
    return verdict.finding.belief is Belief.CONFIRMED and not verdict.cause.modifier


def _sources(verdict: Verdict) -> Iterator[Source]:
    for fact in (verdict.anchor, *verdict.finding.evidence):
        if fact is not None:
            yield fact.source if isinstance(fact, Fact) else fact


def _against(verdict: Verdict, proofs: Iterable[_Proof], replies: Iterable[Reply]) -> Verdict:
    if verdict.finding.belief is not Belief.POSSIBLE or verdict.cause.modifier:
        return verdict
    if not isinstance(verdict.anchor, Reply | Said):
        return verdict
    source = verdict.anchor.source
    for reply in (each for each in replies if each.source == source):
        for proof in proofs:
            if proof.explains(reply):
                because = f"`{short(reply.text)}` comes from something else here: {proof.verdict.cause.title}."
                return replace(verdict, finding=Finding(Belief.RULED_OUT, because, (reply,)))
    return verdict
