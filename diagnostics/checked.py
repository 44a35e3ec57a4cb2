"""What a check saw with its own eyes names causes directly: the table of outcomes says which, and how firmly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Cause, Finding
from diagnostics.looked_facts import Checked

_WEIGHT: Final = 1.5
_BELIEFS: Final = {"possible": Belief.POSSIBLE, "likely": Belief.LIKELY, "confirmed": Belief.CONFIRMED}


def findings(seen: Iterable[Checked], judged: dict[str, Finding], known: dict[str, Cause]) -> dict[str, Finding]:
    """Cause id -> what the checks make of it, where that is more than what the cause itself came to.

    Steps and words of the cause's own judgement are kept where it has any: they know the rest of the case.
    """
    from diagnostics.checks.outcomes import meanings, steps_for  # a case without a check needs no table

    found: dict[str, Finding] = {}
    for fact in seen:
        if not fact.outcome:
            continue
        meaning = meanings()[fact.outcome]  # type: ignore[index]  # the recogniser lets only known words through
        belief = _BELIEFS[meaning.belief]
        before = found.get(meaning.cause) or judged.get(meaning.cause)
        if meaning.cause not in known or (before and before.belief >= belief):
            continue
        because = f"{fact.source.quote}, seen from where the check ran."
        own = judged.get(meaning.cause)
        if own and own.belief > Belief.RULED_OUT:
            found[meaning.cause] = replace(own, belief=belief, evidence=(fact, *own.evidence))
        else:
            steps = steps_for(fact.outcome, fact.host or fact.subject)  # type: ignore[arg-type]
            found[meaning.cause] = Finding(belief, because, (fact,), steps, weight=_WEIGHT)
    return found
