"""How severe a case is by the operator's rules: from its report, and from how many people report the same cause. Pure.

A reason names no value of what was pasted: it is stored, and shown to more people than the paste was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bot.oncall.policy import SEVERITIES, Rule, Severity
from diagnostics import Report

_TROUBLE: Final = ("failure", "unknown")
_DIGITS: Final = 10  # a count of messages has fewer


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules come to: it escalates unless it is acknowledged within `after`. `reason` is half a sentence."""

    severity: Severity
    after: timedelta
    reason: str


def assess(rules: Sequence[Rule], report: Report, reporters: Callable[[timedelta], int]) -> Assessment | None:
    """The highest severity and the shortest wait of all rules that apply; None when none does.

    `reporters` counts the people who reported the same cause within a time.
    """
    if report.verdict not in _TROUBLE:
        return None
    found = [(rule, reason) for rule in rules if (reason := _applies(rule, report, reporters))]
    if not found:
        return None
    first, reason = min(found, key=lambda item: (item[0].after, -SEVERITIES.index(item[0].severity)))
    return Assessment(max((rule.severity for rule, _ in found), key=SEVERITIES.index), first.after, reason)


def _applies(rule: Rule, report: Report, reporters: Callable[[timedelta], int]) -> str:
    """Why a rule applies; "" when it doesn't."""
    if rule.when == "many-reporters":
        count = reporters(rule.within)
        return f"{count} people report the same cause" if count >= rule.at_least else ""
    if rule.when == "connector-outage":
        return _outage(report, rule.at_least)
    if rule.when == "growing-queue":
        return _growth(report, rule.at_least)
    if rule.when == "unknown-cause":
        return "the cause is not known" if report.verdict == "unknown" else ""
    return "nobody has acknowledged it" if rule.after else "a failure was diagnosed"


def _outage(report: Report, at_least: int) -> str:
    """In one log, every session of one connector failed."""
    for artefact in report.artefacts:
        sessions, failed = artefact.facts.get("sessions", 0), artefact.facts.get("failed", 0)
        one = len(artefact.facts.get("connectors", ())) == 1
        if one and sessions == failed and failed >= at_least:
            return f"every session of a connector failed ({failed} of {sessions})"
    return ""


def _growth(report: Report, at_least: int) -> str:
    """A queue that holds more messages in a later listing than in an earlier one."""
    seen: dict[str, int] = {}
    for artefact in sorted(report.artefacts, key=lambda item: (item.paste, item.lines)):
        for queue, messages in _counts(artefact.facts):
            before = seen.setdefault(queue, messages)
            if messages > before and messages >= at_least:
                return f"a queue grew from {before} to {messages} messages"
    return ""


def _counts(facts: dict[str, Any]) -> list[tuple[str, int]]:
    """Messages by queue, of a listing as a table or as a list."""
    if "messages" in facts:
        return list(facts["messages"].items())
    count = str(facts.get("messagecount", ""))
    known = "identity" in facts and count.isascii() and count.isdigit() and len(count) < _DIGITS
    return [(facts["identity"], int(count))] if known else []
