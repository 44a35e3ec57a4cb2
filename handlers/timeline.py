"""The timeline of a case: what is on record, and what the case came to at each of our answers, judged as it stands now.

So it follows edits and deletions: what is gone from the thread is gone from here, but for the fact that something was taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics import Report
from handlers.blocks import words
from handlers.blocks.sections import blamed
from handlers.judging import judge
from handlers.ports.history import Happened
from handlers.ports.services import Services
from handlers.ports.thread import Thread

_MOST: Final = 40  # answers that are judged again; of more, the first and the last


async def timeline(services: Services, thread: Thread) -> tuple[Happened, ...]:
    """What happened in a case, in order."""
    told = await services.history.happened(thread)
    said = [each for each in told if each.what == "answered"]
    chosen = {each.message_ts for each in (said if len(said) <= _MOST else [*said[: _MOST // 2], *said[-_MOST // 2 :]])}
    found: list[Happened] = []
    before: Report | None = None
    for each in told:
        if each.what != "answered" or each.message_ts not in chosen:
            found.append(each)
            continue
        held = await services.cases.pasted(thread, until=each.about)
        if held:
            report = await judge(held)
            found += _answered(each, report, before)
            before = report
    return tuple(found)


def _answered(each: Happened, report: Report, before: Report | None) -> Sequence[Happened]:
    """What an answer said that the one before it hadn't."""
    found: list[Happened] = []
    said = judgement(report)
    if before is None or said != judgement(before):
        found.append(replace(each, detail=said))
    question = report.next[0].ask if report.next else ""
    if question and (before is None or not before.next or before.next[0].ask != question):
        found.append(replace(each, what="asked", detail=question))
    return found


def judgement(report: Report) -> str:
    """What a case comes to, in a line."""
    if top := blamed(report):
        return f"{words.BELIEF[top.belief]}: {top.title}"
    if report.verdict == "healthy":
        return "Nothing fails in what was read"
    if report.findings:
        return f"Not settled: {len(report.findings)} causes are possible"
    return "It fails, and the cause is not known" if report.verdict == "unknown" else "No mail-flow error"
