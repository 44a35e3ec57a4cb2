"""What large logs show on a terminal beside the answer: a table of failures with their hours, one conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from diagnostics.logs.conversation import LogConversation
from diagnostics.logs.model import LogFailure, LogKind, LogSummary
from handlers.blocks.outline import cleaned

_BARS: Final = "▁▂▃▄▅▆▇█"
_HOURS: Final = 48  # columns of a sparkline at most
_ROWS: Final = 12
_NARROW: Final = 60
_CONNECTOR: Final = 28
_HOUR: Final = "%Y-%m-%dT%H"


def table(log: LogSummary, width: int) -> str:
    """Sessions and failures by connector and hour; a line is never longer than `width`, 0 for no limit."""
    rows: list[str] = []
    for kind in log.kinds:
        hours = _span(hour.name for hour in kind.hours)
        rows.append(_counts(kind, hours))
        rows += [_row(each, hours) for each in log.failures[:_ROWS] if each.kind == kind.kind]
        rows.append("")
    return "".join(_cut(row, width) + "\n" for row in rows)


def conversation(found: LogConversation, width: int) -> str:
    """One session as a ladder: what we said to the right, what the peer said to the left, notes between."""
    arrows = {">": "──▶", "<": "◀──", "+": " ┳ ", "-": " ┻ ", "*": " · "}
    where = found.files[0] if found.files else ""
    rows = [f"Session {found.session}  {found.connector}  {found.local or '-'} to {found.remote or '-'}  ({where})"]
    for row in found.rows:
        what = row.text or {"+": "connected", "-": "closed"}.get(row.event, "")
        rows.append(f"{row.line:>9}  {row.at[11:23]}  {arrows.get(row.event, '   ')}  {what}")
    return "".join(_cut(cleaned(row).replace("\n", " "), width) + "\n" for row in rows)


def _counts(kind: LogKind, hours: Sequence[str]) -> str:
    counts = {hour.name: hour.sessions for hour in kind.hours}
    span = f"{hours[0]}h to {hours[-1]}h" if hours else "no time"
    return f"{kind.sessions:>10,}  {_spark(counts, hours)}  all sessions, {span}"


def _row(failure: LogFailure, hours: Sequence[str]) -> str:
    name = cleaned(failure.connector).replace("\n", " ")
    name = name if len(name) <= _CONNECTOR else name[: _CONNECTOR - 1] + "…"
    error = cleaned(failure.error).replace("\n", " ")
    return f"{failure.sessions:>10,}  {_spark(failure.hours, hours)}  {name} · {error}"


def _span(names: Iterable[str]) -> list[str]:
    """Every hour from the first to the last, also those in which nothing was logged."""
    known = sorted(names)
    try:
        first, last = (datetime.strptime(name, _HOUR) for name in (known[0], known[-1]))  # noqa: DTZ007 - hours of one zone, UTC
    except (IndexError, ValueError):
        return known[-_HOURS:]
    count = int((last - first) / timedelta(hours=1)) + 1
    return [(last - timedelta(hours=back)).strftime(_HOUR) for back in range(min(count, _HOURS) - 1, -1, -1)]


def _spark(counts: dict[str, int], hours: Sequence[str]) -> str:
    top = max(counts.values(), default=0)
    values = (counts.get(hour, 0) for hour in hours)
    return "".join(_BARS[(value * (len(_BARS) - 1) + top - 1) // top] if value else " " for value in values)


def _cut(row: str, width: int) -> str:
    return row if width <= 0 or len(row) <= max(width, _NARROW) else row[: max(width, _NARROW) - 1] + "…"
