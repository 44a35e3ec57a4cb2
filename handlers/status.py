"""`status`: how the case of a thread stands, in two lines."""

from __future__ import annotations

from typing import Final

from diagnostics.report import Report
from handlers import oncall
from handlers.blocks import Message, plain
from handlers.blocks.page import summary
from handlers.blocks.words import listed
from handlers.judging import judge
from handlers.ports.inbox import Delivery
from handlers.ports.incidents import Standing
from handlers.ports.services import Services

_NO_CASE: Final = "This thread is no case yet: paste an error into it, and mention me if I do not answer."


async def told(services: Services, delivery: Delivery) -> Message:
    """Where the case stands and what it is about; then what is to be done next."""
    thread = await oncall.meant(services, delivery)
    if thread is None:
        return plain(oncall.IN_THREADS.format(word="status"))
    held = await services.cases.pasted(thread)
    if not held:
        return plain(_NO_CASE)
    report = await judge(held)
    standing = await services.incidents.standing(thread)
    who = listed([await services.names(thread.team, each) for each in standing.who])
    return plain(f"{_standing(standing, who)} {_cause(report)}\n{_next(report)}")


def _standing(standing: Standing, who: str) -> str:
    return {
        "open": "Open.",
        "paging": f"Open; {who or 'whoever is on call'} is being paged, and nobody has it yet.",
        "acknowledged": f"Open; {who} has it.",
        "resolved": f"Resolved by {who}.",
    }[standing.phase]


def _cause(report: Report) -> str:
    return f"{summary(report)}." if report.verdict in ("failure", "unknown") else report.summary


def _next(report: Report) -> str:
    if report.next:
        return f"Next: {report.next[0].ask}"
    if report.findings and report.findings[0].steps:
        return f"Next: {report.findings[0].steps[0].say}"
    return "Nothing is left to ask: the answer in the thread says what to do."
