"""What a diagnosis says: the values that are printed, sent to Slack, and dumped as JSON.

Every model here is frozen, and `Report.model_dump(mode="json")` is exactly what `mailflow diagnose --json`
prints. Lines are 1-based within their paste; paste 0 is the first text, 1 the first follow-up, and so on.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from diagnostics.logs.model import LogSummary
from diagnostics.values import Value

Verdict = Literal["failure", "healthy", "unknown", "nothing"]
BeliefName = Literal["confirmed", "likely", "possible"]
Act = Literal["on-prem", "exchange-online", "network", "dns", "sender", "recipient-side", "microsoft"]
Effect = Literal["read-only", "config-change", "service-restart", "data-loss-risk"]
Shell = Literal[
    "exchange-management-shell",
    "exchange-online-powershell",
    "powershell",
    "cmd",
    "bash",
    "dns-record",
    "portal",
]


class Evidence(Value, frozen=True, kw_only=True):
    """A line of what was pasted, as it was typed. `line` is 1-based in paste number `paste`."""

    quote: str
    line: int
    paste: int = 0


class Step(Value, frozen=True, kw_only=True):
    """One thing to do. A step that is not read-only says what it `changes`, and how to `undo` it."""

    say: str
    shell: Shell = "exchange-management-shell"
    command: str = ""
    effect: Effect = "read-only"
    changes: str = ""
    undo: str = ""
    verify: str = ""


class Suspect(Value, frozen=True, kw_only=True):
    """A cause the evidence supports, with the belief it earned. `because` names this incident's values.

    `alike`: nothing but the words of the text, which known cases of the cause share, speaks for it.
    """

    cause: str
    title: str
    belief: BeliefName
    because: str
    evidence: tuple[Evidence, ...] = ()
    act: Act
    steps: tuple[Step, ...] = ()
    references: tuple[str, ...] = ()
    alike: bool = False


class RuledOut(Value, frozen=True, kw_only=True):
    cause: str
    title: str = ""
    because: str


class Question(Value, frozen=True, kw_only=True):
    """The next thing to send, and the causes (ids) that the answer tells apart."""

    ask: str
    shell: Shell = "exchange-management-shell"
    command: str = ""
    separates: tuple[str, ...] = ()


class Moment(Value, frozen=True, kw_only=True):
    """One thing that happened. `at` is ISO 8601 in UTC, or "" where the text gives no time with a zone."""

    at: str
    line: int
    what: str
    paste: int = 0


class Note(Value, frozen=True, kw_only=True):
    """Something worth knowing beside the cause: a deprecated protocol, a masked value, a circumstance.

    `cause` is the catalogue's id of a circumstance (a modifier), "" for every other note.
    """

    text: str
    cause: str = ""
    evidence: tuple[Evidence, ...] = ()


class ReadArtefact(Value, frozen=True, kw_only=True):
    """What one stretch of text was recognised as, and what was read from it. `lines` is [first, last]."""

    kind: str
    lines: tuple[int, int]
    paste: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


class Report(Value, frozen=True, kw_only=True):
    """The whole answer.

    `verdict` is "failure" (diagnosed), "healthy" (something was read and shows no failure), "unknown" (a failure is visible, no
    cause is known) or "nothing" (no artefact was recognised); the findings of these two are what the text reads like. `changed`
    says, in plain sentences, what the last follow-up changed; it is empty when there was none. `check` is the host or domain that
    an active check could look at, "" for none. `subject` names what the failure is about (`connector …`, `recipient …`,
    `domain …` or `host …`), "" where nothing of the kind is told. `log` is there where large logs were read; then
    `paste` is an index into its files.
    """

    verdict: Verdict
    summary: str = ""
    artefacts: tuple[ReadArtefact, ...] = ()
    findings: tuple[Suspect, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    next: tuple[Question, ...] = ()
    timeline: tuple[Moment, ...] = ()
    notes: tuple[Note, ...] = ()
    changed: tuple[str, ...] = ()
    check: str = ""
    subject: str = ""
    log: LogSummary | None = None
