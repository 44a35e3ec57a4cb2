"""Large logs in Slack: the message that fills in while they are read, and the answer with its chart and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnostics.report import Report
from handlers.blocks import logs
from handlers.blocks.card import moved
from handlers.blocks.log_table import table
from handlers.blocks.message import Attachment, Message, message
from handlers.blocks.outline import line, part

if TYPE_CHECKING:  # the command line draws with this, and needs no ports
    from handlers.ports.logs import LogProgress


def at_work(names: Sequence[str], progress: LogProgress | None, seconds: float) -> Message:
    """The message while logs are fetched and read; `seconds` have gone by since that began."""
    doing = "Reading" if progress is None or progress.doing == "reading" else "Fetching"
    title = line("title", f"{doing} {names[0] if len(names) == 1 else f'{len(names)} logs'} …")
    told = logs.pace(progress.done, progress.total, seconds) if progress else ""
    return message(part([title, line("text", told)], rank=0))


def logged(report: Report, case: Report | None, link: str, *, unread: Sequence[str] = ()) -> Message:
    """The answer to large logs in the thread of a case, with its files: what they hold, and what they change. `case` is the
    judgement of all that the thread holds by then, None where that is nothing more; `link` leads to its card."""
    above = logs.parts(report, full=False)
    if case is not None and case.verdict != "nothing":
        above += part([line("title", "Together with what this thread holds")], rank=2)
    return replace(moved(case or report, link, above=above, unread=unread), attachments=attachments(report))


def attachments(report: Report) -> tuple[Attachment, ...]:
    """A chart of large logs, where it says more than words, and a table of what failed."""
    if report.log is None:
        return ()
    from handlers.blocks.log_chart import chart  # the terminal draws nothing

    drawn = chart(report.log)
    found = [Attachment("chart", "mailflow-log.png", drawn.png, drawn.alt)] if drawn else []
    rows = table(report)
    return (*found, *([Attachment("data", "mailflow-log.csv", rows)] if rows else []))
