"""Message traces of Exchange Online as CSV: the portal's reports, and what Export-Csv makes of the cmdlets' output.

The columns are known by the header row. A summary report packs its recipients into one cell, `address##Receive, Fail`, with
semicolons between them; an enhanced report has a row for each event.
Source: https://learn.microsoft.com/exchange/monitoring/trace-an-email-message/message-trace-modern-eac
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Traced
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.message_trace import replies_of, shown_of
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.trace_data import custom_data, trace_data

# A header has all columns of one of these; in lower case, without "_" and the "utc" at the end.
_HEADERS: Final = (
    frozenset({"recipientstatus", "senderaddress"}),
    frozenset({"recipientaddress", "status", "messageid"}),
    frozenset({"recipientaddress", "status", "messagetraceid"}),
    frozenset({"date", "event", "detail"}),
)
_LONGEST: Final = 60_000  # characters of a row
_MOST_LINES: Final = 40  # lines of a row: a subject may hold line breaks
_MOST_RECIPIENTS: Final = 100


class _Row(Struct, frozen=True):
    lines: tuple[int, ...]
    cells: dict[str, str]

    def get(self, *names: str) -> str:
        return next((value for name in names if (value := self.cells.get(name, "").strip())), "")


@recogniser(r"(?:\brecipient_status\b[^\n]*,|,\"?RecipientAddress\"?,|\bEvent\"?,\"?Action\"?,\"?Detail\b)", rank=5)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all rows below a header."""
    rows = list(_rows(reading.free()))
    traced = [each for row in rows for each in _traced(reading, row)]
    if not traced:
        return ()
    facts = [fact for each in traced for fact in (each, *replies_of(each))]
    claims = [line for row in rows for line in row.lines]
    return [artefact(reading, "message-trace-report", claims, facts, shown_of(traced))]


def _rows(lines: list[tuple[int, str]]) -> Iterator[_Row]:
    """The rows below a header; the header itself is a row without values."""
    columns: tuple[str, ...] = ()
    indices: list[int] = []
    text = ""
    for index, line in lines:
        if not indices and not line.strip():
            columns = ()
        elif not indices and (header := _columns(line)):
            columns = header
            yield _Row((index,), {})
        elif columns:
            indices, text = [*indices, index], f"{text}\n{line}" if text else line
            if text.count('"') % 2 and len(indices) < _MOST_LINES:
                continue
            cells = _cells(text)
            if len(cells) > 1:
                yield _Row(tuple(indices), dict(zip(columns, cells, strict=False)))
            else:
                columns = ()
            indices, text = [], ""


def _columns(line: str) -> tuple[str, ...]:
    """The column names, folded, if `line` is a header; none if it isn't."""
    if line.count(",") < 2:
        return ()
    names = tuple(name.strip().lower().replace("_", "").removesuffix("utc") for name in _cells(line))
    return names if any(header <= set(names) for header in _HEADERS) else ()


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader([text[:_LONGEST].replace("\n", " ")]), [])
    except csv.Error:  # a cell beyond the csv module's limit: no report has one
        return []


def _traced(reading: Reading, row: _Row) -> Iterator[Traced]:
    packed = row.get("recipientstatus")
    if "##" in packed:
        for each in packed.split(";")[:_MOST_RECIPIENTS]:
            address, _, states = each.partition("##")
            if status := states.rpartition(",")[2].strip():
                yield _fact(reading, row, recipient=address.strip(), status=status)
        return
    event, status = row.get("event", "eventid"), row.get("status")
    if event or status:
        recipient = row.get("recipientaddress")
        yield _fact(reading, row, recipient=recipient, status="" if event else status, event=event)


def _fact(reading: Reading, row: _Row, *, recipient: str, status: str, event: str = "") -> Traced:
    return Traced(
        source=source_at(reading, row.lines[0]),
        status=status,
        event=event,
        action=row.get("action"),
        detail=row.get("detail", "recipientstatus") if event else "",
        sender=row.get("senderaddress"),
        recipient=recipient,
        from_ip=row.get("originalclientip", "fromip", "clientip"),
        to_ip=row.get("toip"),
        network_id=row.get("networkmessageid", "messagetraceid"),
        data=trace_data(row.get("data")) or custom_data(row.get("customdata")),
    )
