"""Connectivity and message tracking logs, heard as if they were sessions.

A session of the connectivity log has a row for each thing that was tried; a row of the tracking log is one event of one
message, over as soon as it is read. Events that decide nothing (RECEIVE, TRANSFER, HA…) are passed over.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from diagnostics.log_forms import CLOSING, CONNECTIVITY_COLUMNS, DELIVERED, FAILED_EVENTS, troubled
from diagnostics.logs.layout import Layout
from diagnostics.logs.rows import Cells, split
from diagnostics.logs.screen import DELIVERED_EVENTS
from diagnostics.logs.sessions import Rank, Step

_LONGEST: Final = 100_000
_OFTEN: Final = 300  # bytes of what is kept because it will be said again
_CELLS: Final = len(CONNECTIVITY_COLUMNS)
_DIRECTIONS: Final = (b"+", b">", b"-")
_SHORTEST_TIME: Final = len("2026-11-18T08:12:44Z")


def connectivity_cells(line: bytes, layout: Layout) -> Cells | None:
    """In the order of `rows.cells`: the source stands for the connector, the destination for the remote endpoint."""
    plain = layout.usual and line[:1] == b"2" and b'"' not in line and len(line) < _LONGEST
    values = line.split(b",", 5) if plain else _mapped(line[:_LONGEST], layout)
    if len(values) < _CELLS or not values[1] or len(values[0]) < _SHORTEST_TIME:
        return None
    at, session, source, destination, direction, text = values
    if direction not in _DIRECTIONS:
        return None
    return [at, source, session, b"0" if direction == b"+" else b"1", b"", destination, direction, text.strip()]


def _mapped(line: bytes, layout: Layout) -> list[bytes]:
    """The cells by their usual order; commas in the description that nobody quoted have made more of it."""
    values = split(line.decode("utf-8", "replace").lstrip("\ufeff"))
    row = dict(zip(layout.columns, values, strict=False))
    at = layout.columns.index("description") if "description" in layout.columns else len(values)
    cells = (*(row.get(name, "") for name in CONNECTIVITY_COLUMNS[:-1]), ",".join(values[at:]))
    return [each.strip().encode() for each in cells]


def connectivity_step(row: Cells) -> Step:
    """What a row adds to its session."""
    direction, said = row[6], row[7]
    if direction == b"-" and said.startswith(b"Messages: ") and b" Bytes: " in said[:_OFTEN]:
        number = said[10:20].partition(b" ")[0]
        if number.isdigit() and number.strip(b"0"):
            return _delivered(int(number))
    return (_step if len(said) < _OFTEN else _step.__wrapped__)(direction, said)


@lru_cache(maxsize=256)
def _delivered(messages: int) -> Step:
    """Whatever failed before, a further address took the messages."""
    return Step(messages=messages, recovers=True, over=True)


@lru_cache(maxsize=4096)  # a log says few things, each of them often
def _step(direction: bytes, text: bytes) -> Step:
    said = text.decode("utf-8", "replace")
    closing = CLOSING.search(said)
    over = direction == b"-"
    if closing and DELIVERED.search(said):
        return Step(messages=_number(said), recovers=True, over=over)
    reason = (closing.group(1) or "") if closing else said
    if direction != b"+" and troubled(reason):
        return Step(rank=Rank.REFUSED, error=reason, over=over)
    return Step(opens=direction == b"+", over=over)


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
