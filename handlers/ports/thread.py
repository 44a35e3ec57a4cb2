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


def is_direct(channel: str) -> bool:
    """Whether a channel's id is that of somebody's direct messages with the bot."""
    return channel.startswith("D")


Audience = Literal["workspace", "members", "outside"]
"""Who can read a conversation: everybody here, its members only (or that isn't known), people of other organisations too."""
