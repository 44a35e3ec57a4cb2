"""What was pasted into a thread, and what it was answered with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from handlers.ports.thread import Thread

State = Literal["planned", "sending", "sent", "withdrawn"]
Part = Literal[
    "answer",
    "opening",
    "card",
    "steps",
    "file",
    "chart",
    "data",
    "apology",
    "pause",
    "check",
    "escalation",
    "watch",
    "post-mortem",
]


@dataclass(frozen=True, slots=True)
class Pasted:
    """One message of a case and the text that was read from it.

    `log` is the report, as JSON, where that text stands for large logs: the sessions of them that were judged.
    `unread` are sentences on files of the message that were not read.
    """

    message_ts: str
    text: str
    log: str = ""
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A message of ours. `message_ts` is what it answers; `ts` its own, once Slack has it (for a file its id).

    The "card" of a case is the first one that judged it: there is one that isn't withdrawn, and it always shows the
    whole case. `judged` tells a judgement of the case from a reply that stands for itself, such as help. `waited` is
    the time in seconds since it was sent off without Slack's answer being seen, `shown` a digest of what Slack shows.
    """

    id: UUID
    thread: Thread
    message_ts: str
    part: Part
    state: State
    judged: bool = False
    ts: str | None = None
    waited: float = 0.0
    shown: str = ""


class Cases(Protocol):
    """The record of every case. Every method may be repeated without harm."""

    def digest(self, content: bytes) -> str:
        """What stands for content of a message on record: the same each time, and nothing can be told from it."""

    async def pasted(self, thread: Thread, until: str | None = None) -> tuple[Pasted, ...]:
        """What the thread holds, in its order; up to and including message `until`."""

    async def keep(self, thread: Thread, paste: Pasted, *, author: str = "") -> None:
        """Records what a message holds, in place of what it held before. `author` may want to be forgotten one day."""

    async def withdraw(self, thread: Thread, message_ts: str) -> None:
        """Erases what a message held."""

    async def plan(self, thread: Thread, message_ts: str, part: Part, *, judged: bool = False) -> Answer:
        """The answer to a message: the one on record, else a new one."""

    async def card(self, thread: Thread, message_ts: str = "") -> Answer | None:
        """The card of a case. Where there is none, `message_ts` gets it: what that message was answered with becomes it."""

    async def mark(self, answer: Answer, state: State, ts: str | None = None, shown: str | None = None) -> None: ...

    async def adopt(
        self, thread: Thread, message_ts: str, part: Part, ts: str, *, judged: bool = True, author: str = ""
    ) -> None:
        """Records our message `ts` as an answer of this case, which it opened itself. It quotes `author`, who may want to
        be forgotten one day."""

    async def answers(self, thread: Thread, since: str = "") -> tuple[Answer, ...]:
        """The answers that Slack has, in the order of what they answer; from message `since` on."""

    async def answer_at(self, team: str, channel: str, ts: str) -> Answer | None:
        """Our message `ts`, if it is one."""

    async def recently(self, thread: Thread, seconds: float) -> int:
        """How many answers were planned in this thread in the last `seconds`; one and its files are one."""
