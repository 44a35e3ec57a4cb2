"""What handlers need from outside, and the values that cross that border. `bot.app` supplies the adapters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from diagnostics.checks import Attempt, CheckReport
    from diagnostics.checks.model import CheckVerdict
    from diagnostics.report import Report
    from handlers.incident_ports import Feedback, Incidents, OnCall, Roster, Vote
    from handlers.past import History

Kind = Literal["message", "edit", "delete", "command", "action", "log", "form", "check", "verdict", "removed"]
State = Literal["planned", "sending", "sent", "withdrawn"]
Part = Literal[
    "answer",
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
Audience = Literal["workspace", "members", "outside"]
"""Who can read a conversation: everybody here, its members only (or that isn't known), people of other organisations too."""
FORGET: Final = "forget"
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

    async def keep(self, thread: Thread, paste: Pasted, *, author: str = "") -> None:
        """Records what a message holds, in place of what it held before. `author` may want to be forgotten one day."""

    async def withdraw(self, thread: Thread, message_ts: str) -> None:
        """Erases what a message held."""

    async def plan(self, thread: Thread, message_ts: str, part: Part, *, judged: bool = False) -> Answer:
        """The answer to a message: the one on record, else a new one."""

    async def card(self, thread: Thread, message_ts: str = "") -> Answer | None:
        """The card of a case. Where there is none, `message_ts` gets it: what that message was answered with becomes it."""

    async def mark(self, answer: Answer, state: State, ts: str | None = None, shown: str | None = None) -> None: ...

    async def adopt(self, thread: Thread, message_ts: str, part: Part, ts: str) -> None:
        """Records our message `ts` as a judged answer of this case, which it opened itself."""

    async def answers(self, thread: Thread, since: str = "") -> tuple[Answer, ...]:
        """The answers that Slack has, in the order of what they answer; from message `since` on."""

    async def answer_at(self, team: str, channel: str, ts: str) -> Answer | None:
        """Our message `ts`, if it is one."""

    async def recently(self, thread: Thread, seconds: float) -> int:
        """How many answers were planned in this thread in the last `seconds`; one and its files are one."""


class Files(Protocol):
    async def fetch(self, team: str, file: SlackFile) -> bytes:
        """The content of a file that a workspace showed us. Raises FileRefusedError with a sentence for whoever uploaded it."""


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
    async def read(self, team: str, files: Sequence[SlackFile], progress: Callable[[LogProgress], None]) -> LogReading:
        """Fetches and reads large logs of a workspace; nothing of them stays. `progress` is told from where a file is known to
        be a log.

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


May = Literal["check", "escalate", "watch"]


class Permissions(Protocol):
    """Who may do what has consequences beyond an answer. Diagnosing, acknowledging and resolving is everybody's."""

    async def refusal(self, what: May, team: str, user: str) -> str:
        """ "" when `user` may; else a sentence that says who may, or why that can't be told. It pings nobody."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A target that a channel has watched. `verdict` and `open` (faults) are of the last look; `paused` says why nobody can
    be told any more, "" while they can. `channel` is an id."""

    target: str
    every: timedelta
    owner: str
    verdict: CheckVerdict | Literal[""] = ""
    open: int = 0
    looked_at: datetime | None = None
    next_at: datetime | None = None
    paused: str = ""
    channel: str = ""


class WatchRefusedError(Exception):
    """The watch was not begun; the text is one sentence that says why and what to do."""


class Watches(Protocol):
    """What channels have watched. All of it may be repeated without harm."""

    async def start(self, text: str, every: timedelta, asker: Asker) -> Watch:
        """Watches the target that `text` names for the asker's channel, from now on, or changes how often.

        Raises diagnostics.checks.TargetError for what is no target, WatchRefusedError where no more may be watched.
        """

    async def stop(self, text: str, team: str, channel: str) -> bool:
        """Ends a channel's watch; False when there is none. Raises diagnostics.checks.TargetError."""

    async def listed(self, team: str, channel: str) -> tuple[Watch, ...]:
        """The watches of a channel, by target."""

    async def begun_by(self, team: str, member: str) -> tuple[Watch, ...]:
        """The watches that somebody began, in whatever channel, by target."""


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


class Telemetry(Protocol):
    """Who measures what a delivery takes and comes to: see `handlers.telemetry`."""

    def diagnosing(self) -> AbstractContextManager[None]:
        """Goes around one diagnosis."""

    def concluded(self, report: Report) -> None:
        """An answer says this."""

    def answered(self, part: Part) -> None:
        """Slack has a part of the answer, for the first time."""

    def voted(self, vote: Vote) -> None:
        """Somebody said whether an answer was right, or what it was in the end."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in a workspace."""

    team: str
    user: str
    bot: str


class NotInstalledError(Exception):
    """The bot is not, or no longer, in this workspace: nothing is done for it."""


class Slack(Protocol):
    async def __call__(self, team: str) -> AsyncWebClient:
        """The client that speaks for the bot in a team's workspace. Raises NotInstalledError."""


class Told(Protocol):
    async def first(self, team: str, problem: str, channel: str) -> bool:
        """Whether nobody was told of a problem in a channel today; from now on somebody is."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that listeners and jobs work with."""

    inbox: Inbox
    cases: Cases
    history: History
    slack: Slack
    files: Files
    checks: Checks
    watches: Watches
    logs: Logs
    permissions: Permissions
    identity: Callable[[str], Awaitable[Identity]]
    """Who the bot is in a team's workspace. Raises NotInstalledError."""
    removed: Callable[[str, datetime], Awaitable[bool]]
    """Erases what is held of a team from whose workspace the app was removed; False when it is back since that time."""
    respond: Callable[[str, dict[str, Any]], Awaitable[None]]
    oncall: OnCall
    incidents: Incidents
    roster: Roster
    feedback: Feedback
    told: Told
    people: People
    names: Callable[[str, str], Awaitable[str]]
    """What somebody is called in a team; see Standing for who."""
    max_file_bytes: int = 5_000_000
    alert_bots: frozenset[str] = frozenset()
    manual_url: str = ""
    """Where the causes' pages are published; "" for nowhere."""
    straggler_seconds: float = 2.0
    """How long a call whose answer was lost may still take effect."""
