"""A check: the message that fills in while it runs, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics.checks.model import Attempt, CheckReport, CheckVerdict
from diagnostics.checks.outcomes import meanings
from diagnostics.report import Report
from handlers.blocks import steps, words
from handlers.blocks.looks import summary
from handlers.blocks.message import Message, message
from handlers.blocks.outline import Line, Part, line, part
from handlers.blocks.sections import outline

VERDICT: Final[dict[CheckVerdict, str]] = {
    "ok": "No fault found",
    "degraded": "Works, with warnings",
    "failing": "Failing",
    "unreachable": "Can't be reached",
    "refused": "Not checked",
}
_MOST_LINES: Final = 12  # lines of a check that the short answer shows
_MOST_REMARKS: Final = 5
_OWN_STEPS: Final = 2
_NOTE: Final = "note"
_ORDER: Final = (
    "mx",
    "address",
    "ptr",
    "dnsbl",
    "smtp",
    "starttls",
    "tls-versions",
    "exo-connector",
    "relay",
    "injection",
    "submission",
    "dane",
    "exchange-online",
    "spf",
    "dkim",
    "dmarc",
    "mta-sts",
    "tls-rpt",
    "dnssec",
    "autodiscover",
)


def checking(target: str, attempts: Sequence[Attempt]) -> Message:
    """The message while the check runs: one line for each look that is over."""
    head = part([line("title", f"Checking {target} …")], rank=0)
    shown = attempts[-_MOST_LINES:]
    return message([*head, *part([_look(each) for each in shown], rank=1)])


def checked(report: CheckReport, *, age: float | None = None, case: Report | None = None) -> Message:
    """The result. `age` is in seconds; `case` is the judgement of all that the thread holds, where it holds more."""
    parts = check_outline(report, age=age)
    if case is not None:
        together = [replace(each, rank=each.rank + 2) for each in outline(case)]
        parts = [*parts, *part([line("title", "Together with what this thread holds")], rank=2), *together]
    return message(parts, complete=lambda: check_outline(report, full=True, age=age))


def check_outline(report: CheckReport, *, full: bool = False, age: float | None = None) -> list[Part]:
    """What a check came to, for every surface. `full` folds nothing."""
    seen = f"Looked {age:.0f} s ago, for somebody who asked the same." if age is not None else ""
    head = [line("title", f"{VERDICT[report.verdict]}: {report.target}"), line("text", report.summary)]
    return [
        *part([*head, line("aside", seen)], rank=0),
        *_remarks(report, full),
        *_steps(report, full),
        *_question(report),
        *_looks(report, full),
    ]


def _remarks(report: CheckReport, full: bool) -> list[Part]:
    """What was found, gravest first, and what mends it."""
    said = [each for each in report.remarks if full or meanings()[each.outcome].severity != _NOTE]
    shown = said if full else said[:_MOST_REMARKS]
    lines = [line("bullet", each.says) for each in shown]
    if hidden := len(said) - len(shown):
        lines.append(line("bullet", f"and {hidden} more"))
    return part([line("heading", "What was found"), *lines], rank=1)


def _steps(report: CheckReport, full: bool) -> list[Part]:
    """The commands: of the cause where one is believed, and for whoever runs what was found first."""
    believed = [each for each in report.findings if each.belief != "possible"]
    shown = believed if full else believed[:1]
    parts = [group for each in shown for group in steps.parts(each, full=full, named=len(shown) > 1)]
    told = {step.command for each in shown for step in each.steps}
    own = [step for each in report.remarks for step in each.steps if step.command not in told]
    own = list({step.command: step for step in own}.values())
    heading = "If it is yours" if parts else "Do this, in this order"
    for number, step in enumerate(own if full else own[:_OWN_STEPS], 1):
        lines = [*([line("heading", heading)] if number == 1 else []), *steps.lines(number, step)]
        parts += part(lines, rank=3, chain="steps")
    return parts


def _question(report: CheckReport) -> list[Part]:
    if not report.next or report.verdict in ("ok", "refused"):
        return []
    asked = report.next[0]
    lines = [line("text", asked.ask), line("aside", words.SHELL[asked.shell] if asked.command else "")]
    return part([line("heading", "What would tell more"), *lines, line("command", asked.command)], rank=5)


def _looks(report: CheckReport, full: bool) -> list[Part]:
    """Every look, the ones with a fault first where room is short."""
    attempts = sorted(report.attempts, key=_place)
    if not full and len(attempts) > _MOST_LINES:
        attempts.sort(key=lambda each: (not each.outcomes, each.status == "skipped"))
        attempts = attempts[:_MOST_LINES]
    lines = [_look(each) for each in attempts]
    if hidden := len(report.attempts) - len(attempts):
        lines.append(line("aside", f"and {hidden} more looks"))
    return part([line("heading", "What was looked at"), *lines], rank=4)


def _place(attempt: Attempt) -> int:
    """Looks end in any order; they are shown from the name to the policies."""
    return _ORDER.index(attempt.check) if attempt.check in _ORDER else len(_ORDER)


def _look(attempt: Attempt) -> Line:
    """`✓ starttls 203.0.113.9:25: TLSv1.3, certificate until 2027-01-01`."""
    details = attempt.facts.get("details")
    said = [str(text) for text in details.values()] if isinstance(details, dict) else []
    if not said:
        said = [summary(attempt)]
    if attempt.status != "done":
        said = [attempt.reason]
    faults = [each for each in attempt.outcomes if meanings()[each].severity != _NOTE]
    mark = {"unavailable": "?", "skipped": "–"}.get(attempt.status, "✗" if faults else "✓")
    found = ", ".join([*faults, *(text for text in said if text)])
    return line("bullet", f"{attempt.subject}{': ' if found else ''}{found}", lead=f"{mark} {attempt.check}")
