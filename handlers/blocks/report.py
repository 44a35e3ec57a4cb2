"""A diagnosis in Slack: the answer in the thread, and all steps behind its button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics.checks.target import TargetError, target_of
from diagnostics.report import Report
from handlers.blocks import steps
from handlers.blocks.message import Button, Message, message
from handlers.blocks.outline import line, part
from handlers.blocks.sections import asks_no_more, blamed, in_short, outline

SHOW_STEPS: Final = "show_steps"
"""`action_id` of the button that asks for `details`."""


CHECK_HOST: Final = "check_host"
"""`action_id` of the button that has the host or domain in its value checked."""


def answer(report: Report, *, refusals: Sequence[str] = (), manual_url: str = "", short: bool = False) -> Message:
    """The answer to a paste. `refusals` say which files were not read, and why; `manual_url` is where causes have pages;
    `short`: no more than the cause, its proof and what to do first."""
    shown = in_short(report, refusals=refusals) if short else outline(report, refusals=refusals, manual_url=manual_url)
    return message(
        shown,
        buttons=buttons(report, short=short),
        complete=lambda: outline(report, full=True, refusals=refusals),
    )


def buttons(report: Report, *, short: bool = False) -> list[Button]:
    """What can be done with an answer; `short` as in `answer`."""
    hidden = _hidden(report, short)
    found = [Button(f"Show all steps ({hidden} more)", SHOW_STEPS)] if hidden else []
    if target := _to_check(report):
        found.append(Button(f"Check {target}", CHECK_HOST, target))
    return found


def details(report: Report) -> Message:
    """Every step of every suspect, best first; the file of a message that doesn't hold them has the whole answer."""
    several = len(report.findings) > 1
    parts = [group for suspect in report.findings for group in steps.parts(suspect, full=True, named=several)]
    if not parts:
        return message(part([line("text", "There are no steps for this.")]))
    title = part([line("title", "All steps")])
    return message(
        [replace(group, rank=place) for place, group in enumerate([*title, *parts])],
        complete=lambda: outline(report, full=True),
    )


def _to_check(report: Report) -> str:
    """The host or domain to offer a check of; what a button carries comes back, so only a plain name may go into it."""
    try:
        return str(target_of(report.check)) if report.check else ""
    except TargetError:
        return ""


def _hidden(report: Report, short: bool) -> int:
    top = blamed(report)
    if short:
        shown = 1 if top and top.steps and asks_no_more(report) else 0
        return sum(len(item.steps) for item in report.findings) - shown
    return sum(steps.folded(item) if item is top else len(item.steps) for item in report.findings)
