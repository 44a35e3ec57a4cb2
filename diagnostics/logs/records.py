"""Connectivity and message tracking logs, heard as if they were sessions.

A session of the connectivity log has a row for each thing that was tried; a row of the tracking log is one event of one
message, over as soon as it is read. Events that decide nothing (RECEIVE, TRANSFER, HA…) are passed over.
"""

from __future__ import annotations

from typing import Final

from diagnostics.log_forms import CLOSING, DELIVERED, FAILED_EVENTS, troubled
from diagnostics.logs.layout import Layout
from diagnostics.logs.rows import Cells, split
from diagnostics.logs.screen import DELIVERED_EVENTS
from diagnostics.logs.sessions import Rank, Step

_LONGEST: Final = 100_000
_SHORTEST_TIME: Final = len("2026-11-18T08:12:44Z")


def connectivity_cells(line: bytes, layout: Layout) -> Cells | None:
    """In the order of `rows.cells`: the source stands for the connector, the destination for the remote endpoint."""
    values = split(line[:_LONGEST].decode("utf-8", "replace").lstrip("\ufeff"))
    row = dict(zip(layout.columns, values, strict=False))
    direction = row.get("direction", "")
    if direction not in ("+", ">", "-") or not row.get("session") or len(row.get("date-time", "")) < _SHORTEST_TIME:
        return None
    at = layout.columns.index("description") if "description" in layout.columns else len(values)
    text = ",".join(values[at:])
    cells = (row["date-time"], row.get("source", ""), row["session"], "0" if direction == "+" else "1", "")
    return [each.strip().encode() for each in (*cells, row.get("destination", ""), direction, text)]


def connectivity_step(row: Cells) -> Step:
    """What a row adds to its session."""
    said = row[7].decode("utf-8", "replace")
    closing = CLOSING.search(said)
    over = row[6] == b"-"
    if closing and DELIVERED.search(said):
        # Whatever failed before, a further address took the messages.
        return Step(messages=_number(said), recovers=True, over=over)
    reason = (closing.group(1) or "") if closing else said
    if row[6] != b"+" and troubled(reason):
        return Step(rank=Rank.REFUSED, error=reason, over=over)
    return Step(opens=row[6] == b"+", over=over)


def tracked(line: bytes, layout: Layout) -> tuple[Cells, Step] | None:
    """A tracking row in the order of `rows.cells`, and what its event decides; None where the line is no row.

    What belongs together is the message, so its id stands for the session's.
    """
    values = split(line[:_LONGEST].decode("utf-8", "replace").lstrip("\ufeff"))
    row = dict(zip(layout.columns, values, strict=False))
    event, at = row.get("event-id", ""), row.get("date-time", "")
    if not event.isupper() or len(at) < _SHORTEST_TIME:
        return None
    remote = (row.get("server-hostname") or row.get("server-ip") or "") if row.get("source") == "SMTP" else ""
    id_ = row.get("network-message-id") or row.get("internal-message-id") or row.get("message-id") or "?"
    cells = (at, row.get("connector-id") or row.get("source") or "", id_, "0", "", remote, "*", "")
    step = Step()
    if event in FAILED_EVENTS:
        said = row.get("recipient-status") or row.get("source-context") or ""
        step = Step(rank=Rank.REFUSED, error=f"{event}: {said}", over=True)
    elif event in DELIVERED_EVENTS:
        step = Step(messages=1, over=True)
    return [each.strip().encode() for each in cells], step


def _number(text: str) -> int:
    digits = text.partition("Messages:")[2].lstrip()[:10].partition(" ")[0]
    return int(digits) if digits.isdecimal() else 1
