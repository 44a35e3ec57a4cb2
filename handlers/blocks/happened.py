"""What happened in an incident, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from handlers.blocks.words import listed

if TYPE_CHECKING:  # the command line draws with this, and needs no ports
    from handlers.ports.history import Happened, Happening

_SAID: Final[dict[Happening, str]] = {
    "pasted": "pasted something",
    "edited": "edited what was pasted",
    "withdrawn": "took back what was pasted",
    "answered": "{detail}",
    "asked": "asked: {detail}",
    "checked": "had a host or domain checked",
    "joined": "reported the same in another thread",
    "escalated": "escalated: {detail}",
    "paged": "paged",
    "handed-over": "got a message, as their shift began",
    "unreached": "could not be paged: {detail}",
    "held": "nobody is paged yet, because of {detail}",
    "acknowledged": "has it",
    "rearmed": "had it, and nothing happened since: paging again",
    "exhausted": "everybody was paged, and nobody acknowledged",
    "resolved": "resolved it",
    "reopened": "opened it again: {detail}",
}
_OURS: Final = ("answered", "asked")


def said(each: Happened) -> str:
    """What happened, without who: `paged`, `asked: …`."""
    return _SAID[each.what].format(detail=each.detail).removesuffix(": ")


def by(each: Happened, names: Mapping[str, str]) -> str:
    """Who did it, or whom it was done to. `names` has the names of people; one who isn't in there stays an id."""
    if each.what in _OURS:
        return "Mailflow"
    if not each.who:
        return "the rules" if each.what in ("escalated", "reopened", "held", "exhausted") else ""
    return listed([names.get(who, who.removeprefix("@")) for who in each.who])


def lasted(time: timedelta) -> str:
    """`40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`: a time as people say it."""
    seconds = max(round(time.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
