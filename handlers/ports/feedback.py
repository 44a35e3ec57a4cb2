"""What people say of answers, and what a case was in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from handlers.ports.thread import Thread

OTHER_CAUSE: Final = "other"
"""A cause that isn't in the catalogue: what it was stands in words."""


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
