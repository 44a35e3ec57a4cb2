"""Connectivity logs of transport: which address was looked up and tried, and how many messages went over it.

Columns: date-time, session, source, destination, direction (`+` opened, `>` progress, `-` closed), description. The row
that closes a session counts its messages; a failure stands in brackets behind, or on a row of its own before.
Source: https://learn.microsoft.com/exchange/mail-flow/transport-logs/connectivity-logging
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, QueueState, SmtpReached, Source, Stage
from diagnostics.log_forms import CLOSING, CONNECTIVITY_COLUMNS, CONNECTIVITY_SIGN, DELIVERED, troubled
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.log_rows import LogRow, comments, log_rows
from diagnostics.recognisers.reply_text import connect_failure
from diagnostics.recognisers.sources import source_at

_IS_ROW = linear(CONNECTIVITY_SIGN)
_CONNECTED = linear(r"(?i)\bEstablished connection\b")
_BY_MX: Final = "dnsconnectordelivery"
_LENGTH = linear(r"(?i)\bQueueLength=(?:\w{2}=)?(\d{1,7})\b")
_NAMED_TARGET = linear(r"(?i)\[TargetHost:([\w.-]{3,253}):\d{1,5}\|")
# An IPv6 address stands without brackets: only the number behind its last colon is the port.
_TARGET = linear(r"(?i)\bconnection to \[?([0-9A-F.:]{2,44}[0-9A-F.])\]?:\d{1,5}(?:[^\w:]|$)")


@recogniser(f"(?:{CONNECTIVITY_SIGN}|^\\s*#Log-type:\\s*Transport Connectivity Log)", rank=12)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all rows of the paste."""
    lines = reading.free()
    texts = dict(lines)
    rows = [
        row for row in log_rows(lines, CONNECTIVITY_COLUMNS) if _IS_ROW.search(texts[row.line]) and len(row.cells) >= 5
    ]
    if not rows:
        return ()
    sessions: dict[str, list[LogRow]] = defaultdict(list)
    for row in rows:
        sessions[row.get("session") or row.get("destination")].append(row)
    facts = [fact for session in sessions.values() for fact in _facts(reading, session)]
    claims = comments(lines, "connectivity") | {line for row in rows for line in row.lines}
    times = sorted(row.get("date-time") for row in rows)
    shown = {
        "sessions": len(sessions),
        "connected": sum(any(_CONNECTED.search(_description(row)) for row in each) for each in sessions.values()),
        "delivered": sum(any(DELIVERED.search(_description(row)) for row in each) for each in sessions.values()),
        "destinations": sorted({row.get("destination") for row in rows if row.get("destination")})[:20],
        "from": times[0],
        "to": times[-1],
    }
    return [artefact(reading, "connectivity-log", claims, facts, shown)]


def _description(row: LogRow) -> str:
    """The last column; a comma in it that was not quoted has made more of it."""
    return ",".join(row.cells[5:])


def _facts(reading: Reading, session: list[LogRow]) -> Iterator[Fact]:
    """What the rows of one session state. The reason on the closing row counts only where no row before told it."""
    told = False
    opened = next((row for row in session if row.get("direction") == "+"), None)
    queue = _queue(source_at(reading, opened.line), opened) if opened else None
    for row in session:
        for fact in _of_row(reading, row, queue, told=told):
            if not told and queue is not None and not isinstance(fact, SmtpReached):
                yield replace(queue, source=fact.source)  # rows of other sessions may stand between
            told = True
            yield fact


def _queue(source: Source, opened: LogRow) -> QueueState:
    """The queue that failed, as its opening row tells it: `DnsConnectorDelivery <connector>;QueueLength=4`."""
    text = _description(opened)
    waiting = _LENGTH.search(text)
    return QueueState(
        source=source,
        next_hop=opened.get("destination"),
        delivery_type=text.split(";")[0].split(" ")[0],
        messages=int(waiting.group(1)) if waiting else 0,
    )


def _of_row(reading: Reading, row: LogRow, queue: QueueState | None, *, told: bool) -> Iterator[Fact]:
    text = _description(row)
    closing = CLOSING.search(text)
    source, at, host, session = (
        source_at(reading, row.line),
        row.get("date-time"),
        _host(row),
        row.get("session"),
    )
    if closing and DELIVERED.search(text):
        if row.get("source").upper() == "SMTP":
            yield SmtpReached(source=source, stage=Stage.DELIVERED, direction="send", at=at, host=host, session=session)
        return
    reason = (closing.group(1) or "") if closing else text
    if row.get("direction") == "+" or not troubled(reason) or (closing and told):
        return
    failure = connect_failure(reason, source)
    if failure is not None:
        found, named = _TARGET.search(reason), _NAMED_TARGET.search(reason)
        if named:
            host = named.group(1).lower()
        elif found and queue is not None and queue.delivery_type.lower() == _BY_MX:
            host = ""  # the destination is a domain, and its mail server has another name
        yield replace(failure, ip=found.group(1) if found else "", at=at, host=host, session=session)
        return
    for fact in failed_reply(reason, source, kind="log", at=at, session=session):
        yield replace(fact, host=host) if "dns" in reason.lower() and not fact.host else fact


def _host(row: LogRow) -> str:
    """The destination, where it is a host's or domain's name."""
    name = row.get("destination").lower()
    return name if "." in name and " " not in name else ""
