"""What is on record of incidents: the values, and what handlers need to get at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from handlers.ports.thread import Thread

Happening = Literal[
    "pasted",
    "edited",
    "withdrawn",
    "answered",
    "asked",
    "checked",
    "joined",
    "escalated",
    "paged",
    "handed-over",
    "unreached",
    "held",
    "acknowledged",
    "rearmed",
    "exhausted",
    "resolved",
    "reopened",
]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened in an incident. `who` are people (`@` and a Slack id) or names of other systems.

    `message_ts` is the message of `thread` that shows it, "" for none; `about` the one that an answer is about. `detail` says
    more.
    """

    at: datetime
    what: Happening
    who: tuple[str, ...] = ()
    detail: str = ""
    message_ts: str = ""
    about: str = ""


IncidentState = Literal["open", "paging", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class Incident:
    """A case with a failure in it, as it stands. `cause` is an id, "" where none is blamed; `holder` has it or resolved it.

    `opened` is when it was reported, `ended` when it was resolved. `reports` counts the threads about the same failure, and
    `reporters` who reported it.
    """

    thread: Thread
    state: IncidentState
    cause: str
    belief: str
    holder: str
    opened: datetime
    ended: datetime | None
    reports: int
    reporters: int


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents are wanted. `inside` is the channel of the question: of others, only those open to everybody are shown,
    and none where `beyond` is False.

    `causes` are ids, None for any; `channel` and `member` "" for any; `since` None for any time.
    """

    team: str
    inside: str
    state: Literal["open", "resolved", "all"] = "open"
    causes: frozenset[str] | None = None
    channel: str = ""
    member: str = ""
    since: datetime | None = None
    beyond: bool = True


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the incidents in channels that are open to everybody: mean times from the report on, None where there was none, and
    causes by id, the most frequent first."""

    to_answer: timedelta | None = None
    to_acknowledge: timedelta | None = None
    to_resolve: timedelta | None = None
    causes: tuple[tuple[str, int], ...] = ()


class History(Protocol):
    """What happened in incidents, and which there are."""

    async def happened(self, thread: Thread) -> tuple[Happened, ...]:
        """All that is on record of a case, in its order, but for what judging it again tells."""

    async def incident(self, thread: Thread) -> Incident | None:
        """The incident of this thread, if it is one."""

    async def listed(self, wanted: IncidentFilter, *, skip: int, most: int) -> tuple[Incident, ...]:
        """Newest first."""

    async def figures(self, team: str, since: datetime) -> Figures:
        """Of what was reported since then."""
