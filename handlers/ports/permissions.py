"""Who may do what."""

from __future__ import annotations

from typing import Literal, Protocol

May = Literal["check", "escalate", "watch"]


class Permissions(Protocol):
    """Who may do what has consequences beyond an answer. Diagnosing, acknowledging and resolving is everybody's."""

    async def refusal(self, what: May, team: str, user: str) -> str:
        """ "" when `user` may; else a sentence that says who may, or why that can't be told. It pings nobody."""
