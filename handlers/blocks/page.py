"""Pages: what whoever is on call gets to read, and the notes about it in the case's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from diagnostics.report import Report, Suspect
from handlers.blocks import limits, steps, words
from handlers.blocks.limits import HEADER, PARAGRAPH, clip, clip_escaped
from handlers.blocks.message import Button, Message, message
from handlers.blocks.mrkdwn import escape
from handlers.blocks.outline import Line, Part, cleaned, line, part
from handlers.blocks.sections import blamed

ACKNOWLEDGE: Final = "acknowledge_escalation"
RESOLVE: Final = "resolve_escalation"
ESCALATE: Final = "escalate_escalation"
"""`action_id`s of a page's buttons; the value is the escalation's id."""

PAGE_ACTIONS: Final = (ACKNOWLEDGE, RESOLVE, ESCALATE)
_QUOTES: Final = 3


def page(report: Report | None, *, why: str, link: str, escalation: str) -> Message:
    """A page: the cause, the lines that prove it, the first step, and where people talk about it.

    `why` is a sentence, `link` leads to the case's thread ("" for nowhere). `report` None: nothing is on record.
    `escalation` is what the buttons carry; "" for no buttons.
    """
    top = blamed(report) if report else None
    above = [line("title", clip(_title(report, top), HEADER)), line("text", why), line("text", _because(report, top))]
    head = [*part(above, rank=0), *part([line("jump", link, lead="Thread:")], rank=1)]
    proof, first = (_proof(report), _first(report, top)) if report else ([], [])
    buttons = [
        Button("I have it", ACKNOWLEDGE, escalation),
        Button("Resolved", RESOLVE, escalation),
        Button("Page the next", ESCALATE, escalation),
    ]
    for parts in ([*head, *proof, *first], [*head, *proof], head):
        made = message(parts, buttons=buttons if escalation else ())
        if made.file is None:  # the thread has the rest: a page takes no file along
            break
    return replace(made, file=None)


def mention(members: Sequence[str], text: str) -> Message:
    """A sentence that pings `members` (Slack ids)."""
    shown = clip(cleaned(text), PARAGRAPH)
    elements: list[dict[str, Any]] = []
    for member in members:
        elements += [{"type": "user", "user_id": member}, {"type": "text", "text": " "}]
    elements.append({"type": "text", "text": shown})
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    pings = "".join(f"<@{member}> " for member in members)
    said = clip_escaped(
        escape(shown), max((limits.TEXT - len(pings)) // 3, 1)
    )  # a character has up to three bytes a unit
    return Message(pings + said, (block,))


def summary(report: Report | None) -> str:
    """The case in one line, for systems that show no more."""
    return _title(report, blamed(report) if report else None)


def _title(report: Report | None, top: Suspect | None) -> str:
    if top:
        return f"{words.BELIEF[top.belief]}: {top.title}"
    if report and report.findings:
        return f"Mail flow fails; {len(report.findings)} causes fit"
    return "Mail flow fails, and the cause is not known yet"


def _because(report: Report | None, top: Suspect | None) -> str:
    if top:
        return f"{clip(top.because, PARAGRAPH - 100)} {words.ACT[top.act]}"
    return clip(report.summary, PARAGRAPH) if report else "Nothing is on record: ask in the thread."


def _proof(report: Report) -> list[Part]:
    if not report.findings:
        return []
    quotes = [line("quote", item.quote, lead=words.where(item)) for item in report.findings[0].evidence[:_QUOTES]]
    return part([line("heading", "The lines that show it"), *quotes], rank=2)


def _first(report: Report, top: Suspect | None) -> list[Part]:
    """What settles it while it is open, else the first step."""
    settled = top is not None and top.belief == "confirmed"
    if report.next and not settled:
        question = report.next[0]
        return _headed("First, find out", [line("text", question.ask), line("command", question.command)])
    if top and top.steps:
        return _headed("First step", steps.lines(1, top.steps[0]))
    return []


def _headed(heading: str, lines: list[Line]) -> list[Part]:
    return part([line("heading", heading), *lines], rank=3)
