"""Who may do what."""

from __future__ import annotations

from typing import Literal, Protocol

May = Literal["check", "escalate", "watch", "partner"]
"""What may be limited to some. "partner": to do, as somebody of another organisation, what everybody of ours may."""


class Permissions(Protocol):
    """Who may do what has consequences beyond an answer. Diagnosing is everybody's; acknowledging and resolving, of those of our
    organisation and the partners who are named."""

    async def refusal(self, what: May, team: str, user: str) -> str:
        """ "" when `user` may; else a sentence that says who may, or why that can't be told. It pings nobody."""
