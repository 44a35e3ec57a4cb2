"""What handlers need from outside, and the values that cross that border. `bot.app` supplies the adapters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from diagnostics.checks import Attempt, CheckReport
    from diagnostics.report import Report

Kind = Literal["message", "edit", "delete", "command", "action", "log"]
State = Literal["planned", "sending", "sent", "withdrawn"]
Part = Literal["answer", "steps", "file", "chart", "data", "apology", "pause", "check", "escalation", "post-mortem"]
Happening = Literal[
    "pasted",
    "edited",
    "withdrawn",
    "answered",
    "asked",
    "checked",
    "joined",
    "escalated",
    "paged",
    "handed-over",
    "unreached",
    "held",
    "acknowledged",
    "rearmed",
    "exhausted",
    "resolved",
    "reopened",
]


FORGET = "forget"
"""The `action` of a "delete" that isn't Slack's: the author of the message is forgotten."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of Slack, named by its first message. It is a case once something was pasted into it."""

    team: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file of a message, as Slack describes it. `size` is in bytes."""

    id: str
    name: str
    url: str
    mimetype: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What Slack delivered, cut down to what is needed to answer it.

    `event` identifies the delivery and `subject` what it is about: of two deliveries that share either within a
    team, one is dealt with. `action` is the button's action_id, `text` then its value.
    Deliveries of one `thread` are dealt with in the order of their arrival. A "log" is a message whose large logs are to be
    read: of those, the order is kept for each message by itself, and nothing else waits for them.
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
    public: bool | None = None
    """Whether everybody in the workspace may read the channel; None where Slack doesn't say."""
    author: str = ""
    """Who wrote `text`, where that isn't `user`: somebody may ask about a message of somebody else."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """One message of a case and the text that was read from it.

    `log` is the report, as JSON, where that text stands for large logs: the sessions of them that were judged.
    """

    message_ts: str
    text: str
    log: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A message of ours. `message_ts` is what it answers; `ts` its own, once Slack has it (for a file its id).

    `judged` tells a judgement of the case from a reply that stands for itself, such as help. `waited` is the
    time in seconds since it was sent off without Slack's answer being seen.
    """

    id: UUID
    thread: Thread
    message_ts: str
    part: Part
    state: State
    judged: bool = False
    ts: str | None = None
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened in an incident. `who` are people (`@` and a Slack id) or names of other systems.

    `message_ts` is the message of `thread` that shows it, "" for none; `about` the one that an answer is about. `detail` says
    more.
    """

    at: datetime
    what: Happening
    who: tuple[str, ...] = ()
    detail: str = ""
    message_ts: str = ""
    about: str = ""


IncidentState = Literal["open", "paging", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class Incident:
    """A case with a failure in it, as it stands. `cause` is an id, "" where none is blamed; `holder` has it or resolved it.

    `opened` is when it was reported, `ended` when it was resolved. `reports` counts messages, `reporters` people.
    """

    thread: Thread
    state: IncidentState
    cause: str
    belief: str
    holder: str
    opened: datetime
    ended: datetime | None
    reports: int
    reporters: int


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents are wanted. `inside` is the channel of the question: of others, only those open to everybody are shown,
    and none where `beyond` is False.

    `causes` are ids, None for any; `channel` and `member` "" for any; `since` None for any time.
    """

    team: str
    inside: str
    state: Literal["open", "resolved", "all"] = "open"
    causes: frozenset[str] | None = None
    channel: str = ""
    member: str = ""
    since: datetime | None = None
    beyond: bool = True


class History(Protocol):
    """What happened in incidents, and which there are."""

    async def judged(self, thread: Thread, verdict: str, cause: str, belief: str) -> None:
        """Records what a case comes to, if it is on record at all."""

    async def happened(self, thread: Thread) -> tuple[Happened, ...]:
        """All that is on record of a case, in its order, but for what judging it again tells."""

    async def incident(self, thread: Thread) -> Incident | None:
        """The incident of this thread, if it is one."""

    async def listed(self, wanted: IncidentFilter, *, skip: int, most: int) -> tuple[Incident, ...]:
        """Newest first."""


class Inbox(Protocol):
    async def accept(self, delivery: Delivery) -> bool:
        """Stores a delivery and the job for it, both or neither. False when it is there already."""

    async def drop_log(self, thread: Thread, message_ts: str, why: str) -> bool:
        """Closes what is still to be read of a message's logs. False when there is nothing."""

    async def dropped(self, delivery: Delivery) -> str:
        """Why a delivery was closed while somebody still works on it; "" as long as it is open."""


class Cases(Protocol):
    """The record of every case. Every method may be repeated without harm."""

    async def pasted(self, thread: Thread, until: str | None = None) -> tuple[Pasted, ...]:
        """What the thread holds, in its order; up to and including message `until`."""

    async def keep(self, thread: Thread, message_ts: str, text: str, log: str = "", *, author: str = "") -> None:
        """Records what a message holds, in place of what it held before. `author` may want to be forgotten one day."""

    async def withdraw(self, thread: Thread, message_ts: str) -> None:
        """Erases what a message held."""

    async def plan(self, thread: Thread, message_ts: str, part: Part, *, judged: bool = False) -> Answer:
        """The answer to a message: the one on record, else a new one."""

    async def mark(self, answer: Answer, state: State, ts: str | None = None) -> None: ...

    async def adopt(self, thread: Thread, message_ts: str, part: Part, ts: str) -> None:
        """Records our message `ts` as a judged answer of this case, which it opened itself."""

    async def answers(self, thread: Thread, since: str = "") -> tuple[Answer, ...]:
        """The answers that Slack has, in the order of what they answer; from message `since` on."""

    async def answer_at(self, team: str, channel: str, ts: str) -> Answer | None:
        """Our message `ts`, if it is one."""

    async def recently(self, thread: Thread, seconds: float) -> int:
        """How many answers were planned in this thread in the last `seconds`; one and its files are one."""


class Files(Protocol):
    async def fetch(self, file: SlackFile) -> bytes:
        """The content. Raises FileRefusedError with a sentence for the person who uploaded it."""


class FileRefusedError(Exception):
    """The file was not read; the text is one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class LogProgress:
    """How far the work on large logs is: bytes that were fetched from Slack, or read, of `total`."""

    doing: Literal["fetching", "reading"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class LogReading:
    """What large logs came to. `text` holds the sessions that were judged, as a paste.

    `refusals` are sentences on files that were not read, `texts` the files that are no logs and small enough for a paste.
    """

    report: Report
    text: str
    refusals: tuple[str, ...] = ()
    texts: tuple[SlackFile, ...] = ()


class NoLogError(Exception):
    """Of the files none was read as a log; `refusals` and `texts` as in LogReading."""

    def __init__(self, refusals: Sequence[str], texts: Sequence[SlackFile] = ()) -> None:
        super().__init__("no log was read")
        self.refusals = tuple(refusals)
        self.texts = tuple(texts)


class Logs(Protocol):
    async def read(self, files: Sequence[SlackFile], progress: Callable[[LogProgress], None]) -> LogReading:
        """Fetches and reads large logs; nothing of them stays. `progress` is told from where a file is known to be a log.

        Raises NoLogError, or what the network raises when it fails.
        """


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a check, and where."""

    team: str
    user: str
    channel: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to. `age` is in seconds where somebody had asked the same before; None for a check of its own."""

    report: CheckReport
    age: float | None = None


class CheckRefusedError(Exception):
    """The check was not made; the text is one sentence that says why and what to do."""


class Checks(Protocol):
    async def run(self, text: str, asker: Asker, progress: Callable[[Attempt], None]) -> CheckResult:
        """Checks the target that `text` names; `progress` gets each look as it ends.

        Raises diagnostics.checks.TargetError for what is no target, CheckRefusedError for what is not allowed now.
        """


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants something done about the case of a thread: its own, or one under a page. `event` is the
    delivery's: of several with the same one, the first counts. `escalation` is what a page's button carries."""

    thread: Thread
    user: str
    event: str
    escalation: str = ""


Answered = Literal["done", "already", "nothing"]
"""`already`: it was so before, or somebody was paged a moment ago. `nothing`: there is nothing that it could be done to."""


class OnCall(Protocol):
    """Who has to know of a case. All of it may be repeated without harm."""

    async def saw(self, thread: Thread, user: str, report: Report) -> None:
        """The case was judged after `user` pasted something: the rules decide whether anybody is paged."""

    async def moved(self, thread: Thread) -> None:
        """Something happened in a thread; it need not be a case."""

    async def changed(self, thread: Thread) -> None:
        """A paste was edited or deleted: what pages quote of it goes with it."""

    async def escalate(self, wish: Wish) -> Answered: ...

    async def acknowledge(self, wish: Wish) -> Answered: ...

    async def resolve(self, wish: Wish) -> Answered: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in its workspace."""

    team: str
    user: str
    bot: str


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that listeners and jobs work with."""

    inbox: Inbox
    cases: Cases
    history: History
    slack: AsyncWebClient
    files: Files
    checks: Checks
    logs: Logs
    identity: Callable[[], Identity]
    respond: Callable[[str, dict[str, Any]], Awaitable[None]]
    oncall: OnCall | None = None
    """None where nobody is on call: no on-call file is set."""
    max_file_bytes: int = 5_000_000
    alert_bots: frozenset[str] = frozenset()
    manual_url: str = ""
    """Where the causes' pages are published; "" for nowhere."""
    straggler_seconds: float = 2.0
    """How long a call whose answer was lost may still take effect."""
