"""Message traces of Exchange Online: Get-MessageTrace(V2) and its Detail as lists or tables, and the portal's text.

The portal shows the events of a message in the columns date, event and detail, whose tabs a paste turns into blanks. A
failing detail holds the reply in a block, `Reason: [{LED=…};{MSG=…};{FQDN=…};{IP=…};{LRT=…}]`.
Source: https://learn.microsoft.com/powershell/module/exchangepowershell/get-messagetracedetailv2
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import SpamVerdict, Traced
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.format_list import Block, blocks, plain
from diagnostics.recognisers.format_table import tables
from diagnostics.recognisers.reply_text import codes
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.trace_data import trace_data

Lines = list[tuple[int, str]]

_EVENTS: Final = (
    "Receive|Submit|Send(?: external)?|Deliver|Fail|Defer|Expand|Drop|Redirect|Transfer|Spam|Malware|Transport rule|DLP|Resolve"
    "|Custom rule|Advanced Threat Protection|Journal|Spam Diagnostics|Quarantine|Process"
)
_STATUSES: Final = frozenset(
    {
        "delivered",
        "failed",
        "pending",
        "expanded",
        "quarantined",
        "filteredasspam",
        "gettingstatus",
        "none",
        "resolved",
    }
)
_DATE: Final = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?[ T]+\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp]\.?[Mm]\.?)?Z?"
_CARD: Final = rf"^\s*{_DATE}[\s,|]+(?:{_EVENTS})\b"
_IS_CARD = linear(rf"(?i)^\s*{_DATE}[\s,|]+({_EVENTS})(?:[\s,:|]+(\S.*))?$")
_IS_EVENT = linear(rf"(?i)^(?:{_EVENTS})$")
_TWO_WORDS = linear(r"\b(Sender|Recipient) Address\b")
_HEADER = linear(r"^\s*Received\s+Sender ?Address\s+Recipient ?Address\s.*\bStatus\s*$")
_ROW = linear(
    rf"(?i)^\s*{_DATE}\s+(\S{{1,250}}@\S{{1,250}})\s+(\S{{1,250}}@\S{{1,250}})\s.*?({'|'.join(sorted(_STATUSES))})\s*$"
)
_REASON = linear(r"(?i)^\s*(?:Reason|Grund|Raison)\s*:\s*")
_MOST_LINES: Final = 14
# A program's own log: "2026/03/03 09:00:00 send: auth: 535 …".
_PROGRAM = linear(rf"^\s*{_DATE}\s+[a-z]\w*:\s")
_NOT_ONLINE = linear(r"^\d{4}-\d\d-\d\dT")


class _Card(Struct):
    event: str
    lines: list[int]
    parts: list[str] = field(default_factory=list)


@recogniser(
    rf"(?:^\s*MessageTraceId\s*:|^\s*Event\s*:\s*(?:{_EVENTS})\b|\bRecipient ?Address\b[^\n]*\bStatus\b|^\s*SenderAddress\s*:"
    rf"|{_CARD})",
    rank=35,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the traces, one for the events of a message."""
    lines = reading.free()
    traces, details = _blocks(reading, lines)
    for row in tables([(index, _one_word(line)) for index, line in lines], "recipientaddress", "status"):
        cells = {name: plain(cell.removesuffix("...")) for name, cell in row.cells.items()}
        if cells["status"].lower() in _STATUSES:
            traces.append((list(row.lines), _trace(reading, row.line, cells)))
    taken = {line for claimed, _ in traces for line in claimed}
    traces += _squeezed(reading, [row for row in lines if row[0] not in taken])
    details += [(card.lines, _card(reading, card)) for card in _cards(lines)]
    found = []
    for kind, group in (("message-trace", traces), ("message-trace-detail", details)):
        if group:
            facts = [fact for _, traced in group for fact in (traced, *_filed(traced), *replies_of(traced))]
            claims = [line for taken, _ in group for line in taken]
            found.append(artefact(reading, kind, claims, facts, shown_of([traced for _, traced in group])))
    return found


def _filed(traced: Traced) -> Iterator[SpamVerdict]:
    if traced.status.lower() == "filteredasspam":
        yield SpamVerdict(source=traced.source, traced=f"`{traced.recipient}`" if traced.recipient else "the recipient")


def _squeezed(reading: Reading, lines: Lines) -> Iterator[tuple[list[int], Traced]]:
    """Rows of that table whose blanks a chat has taken: a time, two addresses, and the status at the end."""
    below = False
    for index, line in lines:
        row = _ROW.search(line) if below else None
        if row:
            sender, recipient, status = row.groups()
            cells = {"senderaddress": sender, "recipientaddress": recipient, "status": status}
            yield [index], _trace(reading, index, cells)
        below = below or bool(_HEADER.search(line))


def _one_word(line: str) -> str:
    """The header that Get-MessageTrace prints by default, its names without blanks and as wide as before."""
    return str(_TWO_WORDS.sub(r"\1Address ", line)) if "Recipient Address" in line else line


Group = list[tuple[list[int], Traced]]


def _blocks(reading: Reading, lines: Lines) -> tuple[Group, Group]:
    traces: Group = []
    details: Group = []
    for block in blocks(lines):
        status = block.value("status").lower()
        if _IS_EVENT.search(block.value("event")) and block.has("detail", "action", "data"):
            details.append((block.lines, _detail(reading, block)))
        elif block.has("messagetraceid") or (status in _STATUSES and block.has("recipientaddress", "senderaddress")):
            cells = {name: each.value for name, each in block.properties.items()}
            traces.append((block.lines, _trace(reading, block.line("status"), cells)))
    return traces, details


def _trace(reading: Reading, line: int, cells: dict[str, str]) -> Traced:
    return Traced(
        source=source_at(reading, line),
        status=cells.get("status", ""),
        sender=cells.get("senderaddress", ""),
        recipient=cells.get("recipientaddress", ""),
        from_ip=cells.get("fromip", ""),
        to_ip=cells.get("toip", ""),
        network_id=cells.get("messagetraceid", ""),
    )


def _detail(reading: Reading, block: Block) -> Traced:
    return Traced(
        source=source_at(reading, block.line("detail", "event")),
        event=block.value("event"),
        action=block.value("action"),
        detail=block.value("detail"),
        recipient=block.value("recipientaddress"),
        network_id=block.value("messagetraceid"),
        data=trace_data(block.value("data")),
    )


def _cards(lines: Lines) -> Iterator[_Card]:
    """The portal's rows; a long detail goes on over the next lines."""
    current: _Card | None = None
    for index, line in lines:
        found = _IS_CARD.search(line) if not (_NOT_ONLINE.search(line) or _PROGRAM.search(line)) else None
        if found:
            if current is not None:
                yield current
            current = _Card(found.group(1), [index], [found.group(2) or ""])
        elif current is not None:
            if _goes_on(current, index, line):
                current.lines.append(index)
                current.parts.append(line.strip())
            else:
                yield current
                current = None
    if current is not None:
        yield current


def _goes_on(card: _Card, index: int, line: str) -> bool:
    if not line.strip() or index != card.lines[-1] + 1 or len(card.lines) >= _MOST_LINES:
        return False
    text = "".join(card.parts)
    unclosed = text.count("{") > text.count("}") or text.count("[") > text.count("]")
    return not text or unclosed or line[:1] in " \t" or line.lstrip().lower().startswith(("reason:", "[{led="))


def _card(reading: Reading, card: _Card) -> Traced:
    return Traced(source=source_at(reading, card.lines[0]), event=card.event, detail=" ".join(card.parts).strip())


def replies_of(traced: Traced) -> Iterator[Fact]:
    """The reply in the detail of a failing event; a detail that only says so has it in its data."""
    text = str(_REASON.sub("", traced.detail)).strip()
    if not any(codes(text)):
        text = traced.get("RecipientStatus") or text
    if traced.failing and text:
        yield from failed_reply(text, traced.source, kind="trace", recipient=traced.recipient)


def shown_of(traced: list[Traced]) -> dict[str, object]:
    return {
        "messages": sum(1 for each in traced if each.status),
        "events": dict(Counter(each.event or each.status for each in traced)),
        "recipients": sorted({each.recipient for each in traced if each.recipient})[:20],
    }
