"""Message tracking: rows of the log files, and what Get-MessageTrackingLog prints as list or table.

An entry is one event of a message: `source` says which component wrote it, `event-id` what happened. The status of
several recipients is joined with ";" in the order of their addresses. High-availability events (HA…) are no failures.
Source: https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Source
from diagnostics.log_forms import TRACKING_COLUMNS, TRACKING_EVENTS, TRACKING_ORIGINS, TRACKING_SIGN
from diagnostics.mail_facts import Tracked
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.format_list import Block, blocks, items, plain
from diagnostics.recognisers.format_table import tables
from diagnostics.recognisers.log_rows import LogRow, comments, log_rows, shifted
from diagnostics.recognisers.reply_text import codes
from diagnostics.recognisers.sources import source_at

IS_ORIGIN = linear(f"^(?:{TRACKING_ORIGINS})$")
IS_EVENT = linear(f"^(?:{TRACKING_EVENTS})$")
_LIST: Final = (
    "eventid",
    "recipientstatus",
    "sourcecontext",
    "internalmessageid",
    "messagesubject",
    "connectorid",
)
# A row of the log files put down as a list has the names of their columns, with a line or an underscore in them.
_SPELLED: Final = {each: each.replace("-", "") for each in TRACKING_COLUMNS if "-" in each} | {
    "recipient-address": "recipients",
    "sender-address": "sender",
}
# A report or an export names its columns in a row of its own, and has those that somebody chose.
_HEADER: Final = r"^\W?date[-_ ]?time[\w-]{0,8}\W?,[^\n]*\bevent[-_]?id\b"
_IS_HEADER = linear(f"(?i){_HEADER}")
_BESIDE = linear(r"\s([A-Z]{3,24}) ([A-Z]{3,24}) (\{[^{}]{0,1000}\})(.*)$")
_STATUSES = linear(r"\];(?:\[|$)")
# What the store driver says of a submission that failed, in the event's data.
_RESPONSE = linear(r"(?i)\bSmtpResponse[:=]\s?([45]\d\d[ -].+?)(?:,\s?details:|;|\]|\}|$)")
_SUCCESS = linear(r"^\W{0,4}2\d\d\b")


@recogniser(
    f"(?:{TRACKING_SIGN}|{_HEADER}|^\\s*#Log-type:\\s*Message Tracking|\\bEventId\\b"
    "|\\b(?:event[-_]id|RecipientStatus|SourceContext)\\s*:)",
    rank=15,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all entries of each form."""
    lines = reading.free()
    columns = _columns(lines)
    raw = [(row.lines, found) for row in log_rows(lines, columns) if (found := _of_row(reading, row))]
    listed = [(tuple(b.lines), _of_block(reading, b)) for b in blocks(_spelled(lines)) if _is_entry(b)]
    tabled = list(_of_tables(reading, lines))
    header = comments(lines, "tracking") if raw else set()
    artefacts = []
    for kind, entries in (("tracking-log", raw), ("get-messagetrackinglog", [*listed, *tabled])):
        if entries:
            claims = {line for taken, _ in entries for line in taken} | (header if entries is raw else set())
            facts = [fact for _, found in entries for fact in found]
            artefacts.append(artefact(reading, kind, claims, facts, _shown(facts)))
    return artefacts


def _columns(lines: list[tuple[int, str]]) -> tuple[str, ...]:
    """The names in a header row, spelled as in the log files; the usual columns where there is none."""
    header = next((line for _, line in lines if _IS_HEADER.search(line)), "")
    named = tuple(cell.strip(' "').lower().replace("_", "-") for cell in header.split(","))
    return named if "source" in named else TRACKING_COLUMNS


def _spelled(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines, with the names of the log's columns as the cmdlet spells them; everything stays in its place."""
    return [(index, _respelled(line)) for index, line in lines]


def _respelled(line: str) -> str:
    head, colon, value = line.partition(":")
    name = head.strip()
    spelled = _SPELLED.get(name.lower().replace("_", "-"))
    return f"{head.replace(name, spelled.ljust(len(name)), 1)}{colon}{value}" if spelled and colon else line


def _shown(facts: list[Fact]) -> dict[str, object]:
    entries = [fact for fact in facts if isinstance(fact, Tracked)]
    return {
        "entries": len(entries),
        "events": dict(Counter(f"{each.origin} {each.event}".strip() for each in entries)),
        "recipients": sorted({address for each in entries for address in each.recipients})[:20],
    }


def _of_row(reading: Reading, row: LogRow) -> list[Fact]:
    """The facts of a log row; empty where it is one of another log."""
    if not IS_ORIGIN.search(row.get("source")) or not IS_EVENT.search(row.get("event-id")):
        pairs = zip(row.cells, row.cells[1:], strict=False)
        at = next(
            (i for i, (one, other) in enumerate(pairs) if IS_ORIGIN.search(one) and IS_EVENT.search(other)),
            -1,
        )
        if at < 1:
            return []
        row = shifted(row, TRACKING_COLUMNS, at, "source")
    entry = Tracked(
        source=source_at(reading, row.line),
        connector=row.get("connector-id"),
        origin=row.get("source"),
        event=row.get("event-id"),
        sender=row.get("sender-address"),
        recipients=tuple(each for each in row.get("recipient-address").split(";") if each),
        status=row.get("recipient-status") or _response(",".join(row.cells[len(TRACKING_COLUMNS) :])),
        context=row.get("source-context") or row.get("reference"),
        message_id=row.get("message-id"),
        network_id=row.get("network-message-id"),
        at=row.cells[0],
    )
    remote = entry.origin == "SMTP"
    by, ip = (row.get("server-hostname"), row.get("server-ip")) if remote else ("", "")
    return [entry, *_replies(entry, entry.source, by, ip)]


def _is_entry(block: Block) -> bool:
    event = block.value("eventid")
    if IS_EVENT.search(event):
        return True
    asked = len(block.properties) == 1 and "agent" in block.value("sourcecontext").lower()
    return not event and (asked or sum(block.has(name) for name in _LIST) >= 2)


def _of_block(reading: Reading, block: Block) -> list[Fact]:
    entry = Tracked(
        source=source_at(reading, block.line("recipientstatus", "eventid")),
        connector=block.value("connectorid"),
        origin=block.value("source"),
        event=block.value("eventid"),
        sender=block.value("sender"),
        recipients=items(block.value("recipients")),
        status=_unbraced(block.value("recipientstatus")) or _response(block.value("eventdata")),
        context=f"{block.value('sourcecontext')} {_failure(block.value('eventdata'))}".strip(),
        message_id=block.value("messageid"),
        network_id=block.value("networkmessageid"),
    )
    return [entry, *_replies(entry, entry.source, "", "")]


def _of_tables(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[tuple[tuple[int, ...], list[Fact]]]:
    for row in tables(lines, "eventid", "source"):
        cells = {name: plain(cell) for name, cell in row.cells.items()}
        if not IS_EVENT.search(cells["eventid"]):
            cells = _squeezed(reading.paste.lines[row.line], tuple(cells))
        if not cells:
            continue
        entry = Tracked(
            source=source_at(reading, row.line),
            origin=cells["source"],
            event=cells["eventid"],
            sender=cells.get("sender", "").removesuffix("..."),
            recipients=items(cells.get("recipients", "")),
            status=_unbraced(cells.get("recipientstatus", "")),
            context=cells.get("sourcecontext", ""),
        )
        yield row.lines, [entry, *_replies(entry, entry.source, "", "")]


def _squeezed(line: str, names: tuple[str, ...]) -> dict[str, str]:
    """A row without its columns, as chat leaves it: the origin and the event beside each other, then collections."""
    found = _BESIDE.search(line[:2000])
    if not found or "recipients" not in names:
        return {}
    first, second = (str(each) for each in found.groups()[:2])
    origin, event = (first, second) if IS_ORIGIN.search(first) and IS_EVENT.search(second) else (second, first)
    if not (IS_ORIGIN.search(origin) and IS_EVENT.search(event)):
        return {}
    status = str(found.group(4)).strip() if names[-1] == "recipientstatus" else ""
    return {"source": origin, "eventid": event, "recipients": str(found.group(3)), "recipientstatus": status}


def _failure(data: str) -> str:
    """What an agent says of its own failure in the event's data; "" where it only counts and names."""
    return data if "exception" in data.lower() or "[error" in data.lower() else ""


def _response(data: str) -> str:
    """The SMTP response that an event's data quotes; "" where it quotes none."""
    found = _RESPONSE.search(data)
    return str(found.group(1)).strip() if found else ""


def _unbraced(status: str) -> str:
    """The shell prints the status as a collection: `{[{LED=…}]}`."""
    if status.startswith("{") and not status.upper().startswith("{LED="):
        return status[1:].removesuffix("}").strip()
    return status


def _replies(entry: Tracked, source: Source, by: str, ip: str) -> Iterator[Fact]:
    """A reply for each status that failed, once where several recipients got the same."""
    if not entry.failing and (entry.event or "LED=" not in entry.status):
        return
    seen: set[str] = set()
    for recipient, status in _each(entry):
        if status and status not in seen and not _SUCCESS.search(status):
            seen.add(status)
            yield from failed_reply(
                status, source, kind="trace", by=by, ip=ip, recipient=recipient, at=entry.at,
                connector=entry.connector,
            )  # fmt: skip


def _each(entry: Tracked) -> list[tuple[str, str]]:
    """The recipients with their statuses. A status may itself contain ";"; then it stands for all of them."""
    first = entry.recipients[0] if entry.recipients else ""
    if not entry.status and any(codes(entry.context)):
        return [(first, entry.context)]
    parts = _STATUSES.split(entry.status) if "LED=" in entry.status else entry.status.split(";")
    if len(parts) > 1 and len(parts) == len(entry.recipients):
        return [(address, part.strip()) for address, part in zip(entry.recipients, parts, strict=True)]
    return [(first, entry.status)]
