"""What people were told of already."""

from __future__ import annotations

from typing import Protocol


class Told(Protocol):
    async def first(self, team: str, problem: str, channel: str) -> bool:
        """Whether nobody was told of a problem in a channel today; from now on somebody is."""
