"""From attempts to the report: the verdict, what each outcome means, and the causes that the engine names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.checks.model import Attempt, CheckReport, CheckVerdict, Kind, Remark
from diagnostics.checks.outcomes import Outcome, meanings, placed, sentence, steps_for
from diagnostics.checks.record import record
from diagnostics.checks.run import Run
from diagnostics.report import Question, Suspect

_SAYS: Final[dict[CheckVerdict, str]] = {
    "ok": "No fault found in {target}.",
    "degraded": "{target} works, with {count}.",
    "failing": "{target} has {count}.",
    "unreachable": "{target} can't be reached from here.",
    "refused": "{target} was not checked.",
}


def report_of(run: Run, kind: Kind) -> CheckReport:
    """Judges what the run found. Pure but for what the engine loads."""
    attempts = tuple(run.attempts)
    outcomes = tuple(dict.fromkeys(outcome for attempt in attempts for outcome in attempt.outcomes))
    verdict = verdict_of(attempts, outcomes, refused=bool(run.refusals))
    findings: tuple[Suspect, ...] = ()
    questions: tuple[Question, ...] = ()
    if any(meanings()[outcome].severity != "note" for outcome in outcomes):
        from diagnostics.reporting import report_of as judged  # a clean bill needs no catalogue

        report = judged((record(str(run.target), kind, attempts),))
        findings = report.findings
        # A check that found the fault needs no more evidence; one that found only warnings asks for none.
        if verdict in ("failing", "unreachable"):
            told = {step.command for each in findings for step in each.steps}
            questions = tuple(each for each in report.next if each.separates and each.command not in told)
    return CheckReport(
        target=str(run.target),
        kind=kind,
        verdict=verdict,
        summary=_summary(run, verdict, outcomes),
        outcomes=outcomes,
        attempts=attempts,
        remarks=_remarks(attempts),
        findings=findings,
        next=questions,
    )


def verdict_of(attempts: Sequence[Attempt], outcomes: Sequence[Outcome], *, refused: bool) -> CheckVerdict:
    """The worst that was seen. What could not be looked at makes nothing worse, unless nothing could be looked at."""
    severities = {meanings()[outcome].severity for outcome in outcomes}
    connected = any(each.check == "smtp" and _connected(each) for each in attempts)
    if refused and not connected and not severities - {"note"}:
        return "refused"
    if "failing" in severities:
        return "failing"
    if "unreachable" in severities:
        return "failing" if connected else "unreachable"
    if "degraded" in severities:
        return "degraded"
    return "ok" if any(each.status == "done" for each in attempts) else "unreachable"


def _connected(attempt: Attempt) -> bool:
    return attempt.status == "done" and all(meanings()[each].severity != "unreachable" for each in attempt.outcomes)


def _summary(run: Run, verdict: CheckVerdict, outcomes: Sequence[Outcome]) -> str:
    counted = sum(meanings()[outcome].severity != "note" for outcome in outcomes)
    word = "fault" if verdict == "failing" else "warning"
    count = f"{counted} {word}{'' if counted == 1 else 's'}"
    said = _SAYS[verdict].format(target=run.target, count=count)
    return f"{said} {run.refusals[0]}" if verdict == "refused" else said


def _remarks(attempts: Sequence[Attempt]) -> tuple[Remark, ...]:
    """Every outcome once for each subject, the gravest first."""
    order: Final = ("unreachable", "failing", "degraded", "note")
    found: dict[tuple[Outcome, str], Remark] = {}
    for attempt in attempts:
        details = attempt.facts.get("details", {})
        for outcome in attempt.outcomes:
            host = str(attempt.facts.get("host") or "")
            says = sentence(outcome, placed(attempt.subject, host), str(details.get(outcome, "")))
            mend = meanings()[outcome].mend
            found.setdefault(
                (outcome, attempt.subject),
                Remark(
                    outcome=outcome,
                    subject=attempt.subject,
                    says=f"{says}. {mend}".strip(),
                    steps=steps_for(outcome, host or attempt.subject),
                ),
            )
    return tuple(sorted(found.values(), key=lambda each: order.index(meanings()[each.outcome].severity)))
