"""`explain`: codes and tokens from the tables, cause ids from the catalogue."""

from __future__ import annotations

from diagnostics import codes
from diagnostics.codes import Explanation, Meaning
from diagnostics.patterns import linear

_CAUSE_ID = linear(r"^[a-z-]{2,30}\.[a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,80})?$")


def explained(query: str) -> Explanation:
    """The meaning of `query`. A cause id answers with its manual page, as Markdown."""
    wanted = query.strip(" \t\r\n`'\".,?!").lower()
    if len(wanted) < 200 and _CAUSE_ID.search(wanted):
        manual = _manual(wanted)
        if manual is not None:
            return manual
    return codes.explain(query)


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
