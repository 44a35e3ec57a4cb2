"""Large logs in Slack: the message that fills in while they are read, and the answer with its chart and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diagnostics.report import Report
from handlers.blocks import logs
from handlers.blocks.log_table import table
from handlers.blocks.message import Attachment, Message, message
from handlers.blocks.outline import line, part
from handlers.blocks.report import answer, buttons
from handlers.blocks.sections import outline
from handlers.ports import LogProgress


def at_work(names: Sequence[str], progress: LogProgress | None, seconds: float) -> Message:
    """The message while logs are fetched and read; `seconds` have gone by since that began."""
    doing = "Reading" if progress is None or progress.doing == "reading" else "Fetching"
    title = line("title", f"{doing} {names[0] if len(names) == 1 else f'{len(names)} logs'} …")
    told = logs.pace(progress.done, progress.total, seconds) if progress else ""
    return message(part([title, line("text", told)], rank=0))


def logged(
    report: Report, *, case: Report | None = None, refusals: Sequence[str] = (), manual_url: str = ""
) -> Message:
    """The answer to large logs, with a chart and a table of what failed as files.

    `case` is the judgement of all that the thread holds, where it holds more than the logs.
    """
    if case is None or case.verdict == "nothing":
        said = answer(report, refusals=refusals, manual_url=manual_url)
    else:  # what the whole case comes to is what its readers wait for; its steps are the ones to take
        shown = outline(case, refusals=refusals, manual_url=manual_url)
        title = part([line("title", "Together with what this thread holds")], rank=2)
        together = [*title, *(replace(each, rank=each.rank + 2) for each in shown)]
        said = message(
            [*logs.parts(report, full=False), *together],
            buttons=buttons(case),
            complete=lambda: [*outline(report, full=True, refusals=refusals), *title, *outline(case, full=True)],
        )
    return replace(said, attachments=tuple(_attachments(report)))


def _attachments(report: Report) -> list[Attachment]:
    if report.log is None:
        return []
    from handlers.blocks.log_chart import chart  # the terminal draws nothing

    drawn = chart(report.log)
    found = [Attachment("chart", "mailflow-log.png", drawn.png, drawn.alt)] if drawn else []
    rows = table(report)
    return [*found, *([Attachment("data", "mailflow-log.csv", rows)] if rows else [])]
