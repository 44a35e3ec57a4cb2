"""What cases show, which of them are the same incident, and how things stand with each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from handlers.ports.thread import Audience, Thread

if TYPE_CHECKING:
    from diagnostics.report import Report


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
