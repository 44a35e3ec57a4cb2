"""What Slack delivered, until it is dealt with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from handlers.ports.files import SlackFile
from handlers.ports.thread import Audience, Thread

Kind = Literal["message", "edit", "delete", "command", "action", "log", "form", "check", "verdict", "removed"]
FORGET: Final = "forget"
"""The `action` of a "delete" that isn't Slack's: the author of the message is forgotten."""
OURS: Final = "ours"
"""The `action` of the "delete" of a message of ours: what somebody pasted may stand in it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What Slack delivered, cut down to what is needed to answer it.

    `event` identifies the delivery and `subject` what it is about: of two deliveries that share either within a
    team, one is dealt with. `action` is the button's action_id, `text` then its value. A "form" is what somebody entered in
    a modal: `text` is that, as JSON. A "check" is a target from the form for checks.
    Deliveries of one `thread` are dealt with in the order of their arrival. A "log" is a message whose large logs are to be
    read: of those, the order is kept for each message by itself, and nothing else waits for them. "removed" is the app itself,
    from its workspace; `text` is then the time in Unix seconds.
    """

    kind: Kind
    event: str
    subject: str
    thread: Thread
    message_ts: str = ""
    user: str = ""
    text: str = ""
    files: tuple[SlackFile, ...] = ()
    direct: bool = False
    action: str = ""
    response_url: str = ""
    audience: Audience = "members"
    author: str = ""
    """Who wrote `text`, where that isn't `user`: somebody may ask about a message of somebody else."""
    outside: bool = False
    """`user` is of another organisation, or Slack doesn't say so of which, in a channel that is shared with one."""


class Inbox(Protocol):
    async def accept(self, delivery: Delivery) -> bool:
        """Stores a delivery and the job for it, both or neither. False when it is there already."""

    async def drop_log(self, thread: Thread, message_ts: str, why: str) -> bool:
        """Closes what is still to be read of a message's logs. False when there is nothing."""

    async def dropped(self, delivery: Delivery) -> str:
        """Why a delivery was closed while somebody still works on it; "" as long as it is open."""
