"""What happens to an escalation, and what is to be done about it: the values that go into and come out of `machine`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.oncall.policy import Severity

Phase = Literal["idle", "watching", "paging", "acknowledged", "resolved"]
Timer = Literal["watch", "level", "shift", "idle"]
Told = Literal[
    "paged",
    "handed-over",
    "unreached",
    "held",
    "acknowledged",
    "taken-over",
    "rearmed",
    "exhausted",
    "resolved",
]


@dataclass(frozen=True, slots=True)
class State:
    """Where an escalation stands. People are `@` and a Slack id, or a name that another system gave us.

    `incident` counts how often it was opened, `step` the attempts at a target. `askers` escalated and are not pinged.
    `level` and `target` are indices; a level past the last one is the pause before the next round. `held` says what
    keeps it from paging; `resting` that every round is through. `began` is when this paging began, `paged` the last page.
    `holder` is who acknowledged, and in the end who resolved it, `since` when, and `resolution` what it was (see
    handlers.ports.oncall.Wish). `opened` is when a failure was first reported, None for never; `reopened` who brought it back.
    `followed`: a rule or a person wants people to know, so an acknowledgement is followed up.
    """

    phase: Phase = "idle"
    severity: Severity = "minor"
    reason: str = ""
    cause: str = ""
    askers: tuple[str, ...] = ()
    incident: int = 0
    step: int = 0
    level: int = 0
    target: int = 0
    round: int = 0
    held: str = ""
    resting: bool = False
    began: datetime | None = None
    paged: datetime | None = None
    watch_until: datetime | None = None
    shift_target: str = ""
    holder: str = ""
    since: datetime | None = None
    resolution: str = ""
    opened: datetime | None = None
    reopened: str = ""
    followed: bool = False

    @property
    def open(self) -> bool:
        return self.phase in ("watching", "paging", "acknowledged") or (
            self.phase == "idle" and self.opened is not None
        )


@dataclass(frozen=True, slots=True)
class Reported:
    """A failure is on record. `fresh`: `by` has just brought it, so that it isn't over, whatever was said before."""

    by: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """The case was diagnosed. `after` None: by the rules it is nothing to escalate."""

    severity: Severity = "minor"
    after: timedelta | None = None
    reason: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Escalate:
    by: str


@dataclass(frozen=True, slots=True)
class Reached:
    """The page of `step` got through to `who` of `target`; `until` is when their shift ends. `hand_over`: it was for
    those only who came on duty, perhaps nobody."""

    step: int
    target: str
    who: tuple[str, ...]
    until: datetime | None = None
    hand_over: bool = False


@dataclass(frozen=True, slots=True)
class Unreached:
    """Nobody of `step`'s target could be paged, because `why` (half a sentence). `who` was tried."""

    step: int
    why: str
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """`at` is when it was done, where another system tells us later. `via` is that system."""

    by: str
    at: datetime | None = None
    via: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    by: str
    at: datetime | None = None
    via: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """Something happened in the case."""


@dataclass(frozen=True, slots=True)
class Fired:
    timer: Timer


Event = Reported | Judged | Escalate | Reached | Unreached | Acknowledged | Resolved | Moved | Fired


@dataclass(frozen=True, slots=True)
class Page:
    """Find out who `target` is, and page them. `hand_over`: only those who weren't paged yet."""

    step: int
    target: str
    hand_over: bool = False


@dataclass(frozen=True, slots=True)
class Tell:
    """Say in the case's thread what happened. `who` did it or it was done to; `detail` and `until` explain it."""

    what: Told
    who: tuple[str, ...] = ()
    detail: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """Set a timer anew. `wall`: due at a moment of the calendar; else after a time, whatever the clock is set to."""

    timer: Timer
    due: datetime
    wall: bool = False


@dataclass(frozen=True, slots=True)
class Disarm:
    timer: Timer


@dataclass(frozen=True, slots=True)
class Drop:
    """Pages that are not sent yet are not sent."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Tell the systems that were paged, but for the one that told us."""

    action: Literal["acknowledge", "resolve"]
    by: str
    via: str = ""


Effect = Page | Tell | Arm | Disarm | Drop | Sync
