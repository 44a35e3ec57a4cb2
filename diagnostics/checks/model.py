"""What a check says: the values that are printed, sent to Slack, and dumped as JSON.

`CheckReport.model_dump(mode="json")` is exactly what `mailflow check --json` prints.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from diagnostics.checks.outcomes import Outcome
from diagnostics.report import Question, Step, Suspect
from diagnostics.values import Value

Kind = Literal["host", "domain"]
CheckVerdict = Literal["ok", "degraded", "failing", "unreachable", "refused"]
Status = Literal["done", "unavailable", "skipped"]


class Attempt(Value, frozen=True, kw_only=True):
    """One look at one thing. `subject` is what was looked at: `203.0.113.9:25`, a host or a domain; `ms` milliseconds.

    `status` is "done" (looked), "unavailable" (could not look, `reason` says why) or "skipped" (`reason` says why it was
    not needed). `outcomes` are the faults and warnings seen, by name (outcomes.toml); `facts` what else was read.
    """

    check: str
    subject: str
    status: Status = "done"
    outcomes: tuple[Outcome, ...] = ()
    ms: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


class Remark(Value, frozen=True, kw_only=True):
    """An outcome in words: what it means here, and what mends it."""

    outcome: Outcome
    subject: str
    says: str
    steps: tuple[Step, ...] = ()


class CheckReport(Value, frozen=True, kw_only=True):
    """The whole result. `verdict` is "ok", "degraded" (works, with warnings), "failing", "unreachable" (nothing could be
    connected to) or "refused" (out of scope: never connected). `outcomes` are those of all attempts, each once.
    """

    target: str
    kind: Kind
    verdict: CheckVerdict
    summary: str = ""
    outcomes: tuple[Outcome, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    remarks: tuple[Remark, ...] = ()
    findings: tuple[Suspect, ...] = ()
    next: tuple[Question, ...] = ()
