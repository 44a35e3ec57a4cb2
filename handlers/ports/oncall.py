"""Who has to know of a case, and who has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal, Protocol

from handlers.ports.thread import Thread


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


Answered = Literal["done", "already", "nothing", "nobody"]
"""`already`: it was so before, or somebody was paged a moment ago. `nothing`: there is nothing that it could be done to.
`nobody`: nobody is on call."""


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
