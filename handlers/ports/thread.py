"""Where people talk, and who can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of Slack, named by its first message. It is a case once something was pasted into it."""

    team: str
    channel: str
    ts: str


Audience = Literal["workspace", "members", "outside"]
"""Who can read a conversation: everybody here, its members only (or that isn't known), people of other organisations too."""
