"""`explain`: codes and tokens from the tables, cause ids and titles from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from diagnostics import codes
from diagnostics.codes import Explanation, Meaning
from diagnostics.patterns import linear

if TYPE_CHECKING:
    from diagnostics.cause import Cause

_CAUSE_ID = linear(r"^[a-z-]{2,30}\.[a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,80})?$")
_PART = linear(r"^[a-z0-9-]{3,60}(?:\.[a-z0-9-]{1,80}){0,2}$")
_WORDS = linear(r"[a-z]{4,}")
_LONGEST: Final = 200
_MOST: Final = 6


def explained(query: str) -> Explanation:
    """The meaning of `query`. A cause id or the title of a cause answers with its manual page, as Markdown."""
    wanted = " ".join(query.strip(" \t\r\n`'\".,?!").lower().split())
    if len(wanted) < _LONGEST and _CAUSE_ID.search(wanted):
        manual = _manual(wanted)
        if manual is not None:
            return manual
    answer = codes.explain(query)
    if answer.found or len(wanted) >= _LONGEST or not _WORDS.search(wanted):
        return answer
    return _of_causes(wanted, answer)


def _of_causes(wanted: str, answer: Explanation) -> Explanation:
    """The manual page of the one cause that has `wanted` in its id or title; of several the first are named. Else `answer`."""
    from diagnostics.cause import catalogue  # imports every cause: only where no code was asked for

    found = list(_parts(wanted, catalogue()))
    if len(found) == 1:
        return _manual(found[0]) or answer
    if not found:
        known = {each: cause.id for cause in catalogue().values() for each in (cause.id, cause.title.lower())}
        found = list(codes.like(wanted, known))
    if not found:
        return answer
    causes = " or ".join(f"`{each}`" for each in found[:_MOST])
    others = f" There are {len(found) - _MOST} more; `mailflow causes` lists them." if len(found) > _MOST else ""
    return answer.model_copy(update={"hint": f"No code in this is known. Did you mean the cause {causes}?{others}"})


def _parts(wanted: str, causes: dict[str, Cause]) -> Iterator[str]:
    part_of_id = bool(_PART.search(wanted))
    for cause in causes.values():
        in_id = part_of_id and (f".{cause.id}.".find(f".{wanted}.") >= 0 or cause.id.endswith(f"-{wanted}"))
        if in_id or (" " in wanted and wanted in cause.title.lower()):
            yield cause.id


def _manual(wanted: str) -> Explanation | None:
    from diagnostics.cause import catalogue  # imports every cause: only where a cause was asked for

    found = catalogue().get(wanted)
    if found is None:
        return None
    _, _, page = found.manual.partition("\n")
    source = found.references[0] if found.references else ""
    meaning = Meaning(
        code=found.id,
        name=found.title,
        meaning=page.strip(),
        emitter="",
        wrapper=False,
        causes=(found.id,),
        source=source,
    )
    return Explanation(query=wanted, found=True, meanings=(meaning,), hint="")
