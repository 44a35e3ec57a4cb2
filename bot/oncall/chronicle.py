"""What of a step of the machine goes down in an incident's history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.oncall.events import Effect, Escalate, Event, State, Tell
from handlers.ports.history import Happening

_TOLD: Final[dict[str, Happening]] = {
    "paged": "paged",
    "handed-over": "handed-over",
    "unreached": "unreached",
    "held": "held",
    "rearmed": "rearmed",
    "exhausted": "exhausted",
}


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that happened. `who` did it, or it was done to; `detail` explains it in half a sentence."""

    what: Happening
    who: tuple[str, ...] = ()
    detail: str = ""


def entries(before: State, event: Event, after: State, effects: Iterable[Effect]) -> Iterator[Noted]:
    """The history of one step, in order. It goes by what changed, so an event that came twice is told once."""
    by = (event.by,) if isinstance(event, Escalate) else ()
    if before.phase == "resolved" and after.open:
        yield Noted("reopened", by, "" if by else after.reason)
    elif by and after != before:
        yield Noted("escalated", by)
    elif after.incident > before.incident:
        yield Noted("escalated", (), after.reason)
    if after.phase == "acknowledged" and (before.phase, before.holder) != (after.phase, after.holder):
        yield Noted("acknowledged", (after.holder,))
    if after.phase == "resolved" and before.phase != "resolved":
        yield Noted("resolved", (after.holder,))
    for effect in effects:
        if isinstance(effect, Tell) and effect.what in _TOLD:
            yield Noted(_TOLD[effect.what], effect.who, effect.detail)
