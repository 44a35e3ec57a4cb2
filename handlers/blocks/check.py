"""A check: the message that fills in while it runs, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics.checks.model import Attempt, CheckReport, CheckVerdict
from diagnostics.checks.outcomes import Outcome, meanings
from diagnostics.report import Report
from handlers.blocks import steps, words
from handlers.blocks.card import moved_parts
from handlers.blocks.looks import summary
from handlers.blocks.message import Message, message
from handlers.blocks.outline import Line, Part, line, part

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
# In the order in which they are shown.
_NAMES: Final = {
    "mx": "MX",
    "address": "address",
    "ptr": "reverse DNS",
    "dnsbl": "block lists",
    "smtp": "SMTP",
    "starttls": "STARTTLS",
    "tls-versions": "TLS versions",
    "exo-connector": "Exchange Online's connector",
    "relay": "relaying",
    "injection": "injection",
    "submission": "submission",
    "dane": "DANE",
    "exchange-online": "Exchange Online",
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "mta-sts": "MTA-STS",
    "tls-rpt": "TLS reports",
    "dnssec": "DNSSEC",
    "autodiscover": "autodiscover",
}


def checking(target: str, attempts: Sequence[Attempt]) -> Message:
    """The message while the check runs: one line for each look that is over."""
    head = part([line("title", f"Checking {target} …")], rank=0)
    shown = attempts[-_MOST_LINES:]
    return message([*head, *part([_look(each) for each in shown], rank=1)])


def checked(report: CheckReport, *, age: float | None = None, case: Report | None = None, link: str = "") -> Message:
    """The result. `age` is in seconds; `case` is the judgement of all that the thread holds, where it holds more, and `link`
    leads to its card."""
    if case is None:
        parts = check_outline(report, age=age)
    else:  # what the whole case comes to is what its readers wait for; its steps are the ones to take
        together = [replace(each, rank=each.rank + 2) for each in moved_parts(case, link)]
        title = part([line("title", "Together with what this thread holds")], rank=2)
        parts = [*_head(report, age), *_remarks(report, full=False), *title, *together, *_looks(report, full=False)]
    return message(parts, complete=lambda: check_outline(report, full=True, age=age))


def check_outline(report: CheckReport, *, full: bool = False, age: float | None = None) -> list[Part]:
    """What a check came to, for every surface. `full` folds nothing."""
    return [
        *_head(report, age),
        *_remarks(report, full),
        *_steps(report, full),
        *_question(report),
        *_looks(report, full),
    ]


def _head(report: CheckReport, age: float | None) -> list[Part]:
    seen = f"Looked {age:.0f} s ago, for somebody who asked the same." if age is not None else ""
    title = line("title", f"{VERDICT[report.verdict]}: {report.target}")
    return part([title, line("text", report.summary), line("aside", seen)], rank=0)


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
    """Every look; where room is short, what found nothing wrong shares a line. Of a refused check, all is said already."""
    if report.verdict == "refused" and not full:
        return []
    attempts = sorted(report.attempts, key=_place)
    telling = [each for each in attempts if full or _wrong(each) or each.status == "unavailable"]
    lines = [_look(each) for each in telling[: len(attempts) if full else _MOST_LINES]]
    fine = [each for each in attempts if not full and not _wrong(each) and each.status == "done"]
    said = "; ".join(dict.fromkeys(f"{_name(each)}: {_said(each)}" if _said(each) else _name(each) for each in fine))
    return part([line("heading", "What was looked at"), *lines, line("aside", said, lead="✓")], rank=4)


def _place(attempt: Attempt) -> int:
    """Looks end in any order; they are shown from the name to the policies."""
    return list(_NAMES).index(attempt.check) if attempt.check in _NAMES else len(_NAMES)


def _name(attempt: Attempt) -> str:
    return _NAMES.get(attempt.check, attempt.check)


def _faults(attempt: Attempt) -> list[Outcome]:
    return [each for each in attempt.outcomes if meanings()[each].severity != _NOTE]


def _wrong(attempt: Attempt) -> bool:
    return bool(_faults(attempt)) or attempt.facts.get("fit") is False


def _said(attempt: Attempt) -> str:
    """What the look saw, in half a line."""
    if attempt.status != "done":
        return attempt.reason
    told = attempt.facts.get("details")
    details = told if isinstance(told, dict) else {}
    return "; ".join(str(details.get(each) or meanings()[each].says) for each in _faults(attempt)) or summary(attempt)


def _look(attempt: Attempt) -> Line:
    """`✓ STARTTLS 203.0.113.9:25: TLSv1.3, certificate until 2027-01-01`."""
    mark = {"unavailable": "?", "skipped": "–"}.get(attempt.status, "✗" if _wrong(attempt) else "✓")
    said = _said(attempt)
    return line("bullet", f"{attempt.subject}{': ' if said else ''}{said}", lead=f"{mark} {_name(attempt)}")
