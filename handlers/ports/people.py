"""What people chose for themselves, and their Home tabs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody chose for themselves. `short`: the cause, its proof and the first step will do for answers to what they
    report; `told`: they want to hear when others take or resolve an incident that they reported."""

    short: bool = False
    told: bool = False


class People(Protocol):
    """What people chose, and who has the Home tab open. All of it may be repeated without harm."""

    async def choices(self, team: str, member: str) -> Choices: ...

    async def choose(self, team: str, member: str, choices: Choices) -> None: ...

    async def opened(self, team: str, member: str, again: timedelta) -> bool:
        """Somebody looks at their Home tab; False when it was drawn less than `again` ago."""

    async def outdated(self, least: timedelta) -> tuple[tuple[str, str], ...]:
        """Team and member of tabs that were opened within the last hour, were drawn at least `least` ago, and since when
        something happened to an incident of their workspace. Whoever gets them draws them."""

    async def shown(self, team: str, member: str) -> str:
        """The digest of what a tab that was opened lately shows; "" where that isn't known."""

    async def showed(self, team: str, member: str, digest: str) -> None: ...
