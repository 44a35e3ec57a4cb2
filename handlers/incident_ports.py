"""What handlers need to know of incidents, of who is on call, and of what people say of answers. `bot` supplies the adapters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final, Literal, Protocol

from handlers.ports import Audience, Thread

if TYPE_CHECKING:
    from diagnostics.report import Report


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants something done about the case of a thread: its own, or one under a page. `event` is the
    delivery's: of several with the same one, the first counts. `escalation` is what a button carries; `cause` is what it
    was, as who resolves it says: an id of the catalogue, OTHER_CAUSE, or "" for nothing said."""

    thread: Thread
    user: str
    event: str
    escalation: str = ""
    cause: str = ""


OTHER_CAUSE: Final = "other"
"""A cause that isn't in the catalogue: what it was stands in words."""


Answered = Literal["done", "already", "nothing", "nobody"]
"""`already`: it was so before, or somebody was paged a moment ago. `nothing`: there is nothing that it could be done to.
`nobody`: nobody is on call."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A case that was judged as a whole, and the message that led to it: `fresh` when that one, just written, shows a failure
    by itself. Without `message_ts` nobody reported anything; a check saw it."""

    thread: Thread
    report: Report
    message_ts: str = ""
    user: str = ""
    audience: Audience = "members"
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand with a case. People are `@` and a Slack id, or a name that another system gave us.

    `who` are those who are paged, or who has it, or who resolved it; `since` when, and `took` from the first report to the
    resolution. `held` says what keeps people from being paged. `cause` is what it was, as in Wish. `reopened` is who brought
    it back. `reports` and `people` count the threads about the same failure and who opened them. `lead` is the thread of
    the incident that this one joined. `reporter` is who reported the case first, "" where nobody did.
    `escalation` is what buttons carry; `anybody`: somebody could be paged.
    """

    phase: Literal["open", "paging", "acknowledged", "resolved"] = "open"
    who: tuple[str, ...] = ()
    since: datetime | None = None
    took: timedelta | None = None
    held: str = ""
    cause: str = ""
    reopened: str = ""
    reports: int = 1
    people: int = 1
    lead: Thread | None = None
    suspects: tuple[str, ...] = ()
    reporter: str = ""
    escalation: str = ""
    anybody: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is behind a target of the on-call file at the moment: names of `people`, `systems` that are told.

    `until` is when that changes, in the zone of the file, as far as it is known; `problem` what could not be found out.
    """

    target: str
    people: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    until: datetime | None = None
    problem: str = ""

    @property
    def said(self) -> str:
        """Who it is until when, in words."""
        who = ", ".join((*self.people, *self.systems)) or "nobody"
        until = f", until {self.until:%a %d %b %H:%M} ({self.until.tzinfo})" if self.until and self.people else ""
        return f"{who}{until}{f' ({self.problem})' if self.problem else ''}"


class Roster(Protocol):
    async def now(self, team: str) -> tuple[Duty, ...]:
        """Every target of the on-call file, in its order; none where it serves another team's workspace."""


class Incidents(Protocol):
    """What cases show, and which of them are the same incident. All of it may be repeated without harm. Whatever changes how
    a case stands has its card edited."""

    async def noted(self, sighting: Sighting) -> None:
        """The case was judged and is to be answered: it may join an open incident of the same failure, or leave it."""

    async def saw(self, sighting: Sighting) -> None:
        """The case was judged and answered: the rules decide whether anybody is paged."""

    async def changed(self, thread: Thread, report: Report | None, *, deleted: str = "") -> None:
        """A paste was edited or (message `deleted`) is gone: what quotes it or rests on it goes with it. `report` is the
        whole case by now, None when nothing is left of it."""

    async def standing(self, thread: Thread) -> Standing: ...


class OnCall(Protocol):
    """Who has to know of a case, and who has it. All of it may be repeated without harm, and shows on the card."""

    @property
    def time_zone(self) -> tzinfo:
        """What times are told in."""

    async def moved(self, thread: Thread) -> None:
        """Something happened in a thread; it need not be a case."""

    async def knows(self, thread: Thread) -> bool:
        """Whether it is clear what is meant in a thread: it is that of a case, or below a page."""

    async def escalate(self, wish: Wish) -> Answered: ...

    async def acknowledge(self, wish: Wish) -> Answered: ...

    async def resolve(self, wish: Wish) -> Answered: ...


@dataclass(frozen=True, slots=True)
class Vote:
    """What somebody says of a card, or of the case when they resolved it (`resolution`). One of each counts, the last.

    `right` is None where that wasn't asked. `shown` is the cause that the card named, `cause` the one that it was, by its id
    in the catalogue; `words` name one that isn't in there.
    """

    member: str
    resolution: bool = False
    right: bool | None = None
    shown: str = ""
    cause: str = ""
    words: str = ""
    note: str = ""


class Feedback(Protocol):
    async def keep(self, thread: Thread, vote: Vote) -> None: ...

    async def given(self, thread: Thread) -> tuple[Vote, ...]:
        """What people said of a case, oldest first."""
