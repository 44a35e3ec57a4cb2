"""Queues and queued messages: Get-Queue and Get-Message as list or table, what Queue Viewer copies, and the last error wherever
it stands alone.

The error is a block, `[{LED=<error>};{MSG=<text>};{FQDN=<host>};{IP=<address>};{LRT=<local time>}]`; its brackets get
lost and its end is often cut off.
Source: https://learn.microsoft.com/exchange/mail-flow/queues/queue-properties
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, QueueState
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.format_list import Block, TableRow, blocks, plain, tables
from diagnostics.recognisers.reply_text import read_reply
from diagnostics.recognisers.sources import source_at

# Queue Viewer's own labels, of messages and of queues. Without their blanks they are the cmdlets' names, but for one.
_VIEWER = linear(
    r"(?i)^\s*((?:Internet Message|Queue) ID|From Address|Message Source Name|Source IP|Date Received|Expiration Time|Last Error"
    r"|Next Hop (?:Domain|Connector)|Delivery Type|Message Count|Last Retry Time|Next Retry Time|Size \(KB\))\s?:"
)
_PROPERTIES: Final = {"queueid": "Queue"}
_STATES: Final = frozenset({"active", "connecting", "ready", "retry", "suspended", "none"})
_QUEUE_NAMES: Final = (
    "nexthopdomain", "deliverytype", "messagecount", "nexthopconnector", "lastretrytime", "retrycount"
)  # fmt: skip
_MESSAGE_NAMES: Final = (
    "messagesourcename",
    "deferreason",
    "internetmessageid",
    "fromaddress",
    "sourceip",
    "queue",
)
_ERRORS: Final = ("lasterror", "recipients", "deferreason")
_IDENTITY = linear(r"^[\w.-]{1,63}\\(?:\d+|Submission|Unreachable|Poison|Shadow\\\d+)(?:\\\d+)?$")
# A message's identity: that of its queue, and its own number.
_HELD = linear(r"(?i)^[\w.-]{1,63}\\(?:\d{1,19}|Submission|Unreachable|Poison|Shadow\\\d{1,9})\\\d{1,19}$")
# A row of the table that stands alone: its identity, the type of delivery, its state and how many messages wait.
# Where somebody typed the row from memory: the last error follows the status, and its code is no number of messages.
_REPLY_AT_ONCE = linear(
    r"\s(?:Active|Connecting|Ready|Retry|Suspended)\s+([45]\d\d\s[45]\.\d{1,3}\.\d{1,3}\b.{0,900})$"
)
_ROW = linear(
    r"^\s*([\w.-]{1,63}\\(?:\d{1,19}|Submission|Unreachable|Poison|Shadow\\\d{1,9}))\s+(?:([A-Z][A-Za-z.]{4,60})\s+)?"
    r"(Active|Connecting|Ready|Retry|Suspended)\s+(\d{1,9})(?:\s+-?[\d.,]+)?(?:\s+(?:Normal|Low|High)\s+\d+)?(?:\s+(\S.{0,900}?))?\s*$"
)
_CELL_ERROR = linear(r"(?i)(?:^|\s)([45]\d\d[ -].*|[\[{<]*LED[=-].*)$")
_LAST_ERROR = linear(r"(?i)^\s*last ?error\s*:\s*(\S.*)$")
_LED = linear(r"(?i)[{<\[]?\bLED[=-]")
# One dialect writes `<led-451 4.4.0 …>;<FQDN-host>;<IP=…>`.
_ANGLED = linear(r"(?i)<(LRI|LRT|LED|MSG|FQDN|IP)[-=]([^<>]*)(?:>|$)")
_BARE_LED = linear(r"(?i)(^|[^{<])\bLED=")
_CLOSED = linear(r"(?i)LRT=[^{}]*\}|\}\]")
_NEXT_THING = linear(r"(?i)^\s*(?:[A-Za-z][A-Za-z0-9_]{1,60}\s+:\s|\d{4}-\d\d-\d\dT[\d:.]+Z?,|\[PS\]|PS [A-Z]:)")
# What Get-Message packs for each recipient: address;status;type;last error;outcome;connector.
_PACKED = linear(r"([^\s;,{}]{1,64}@[^\s;,{}]{1,253});\d{1,3};\d{1,3};([^;{}]{3,500});")
# The queues that tell by their name what is wrong with a message in them.
_TELLING = linear(r"(?i)^[\w.-]{1,63}\\(?:Unreachable|Poison)(?:\\\d+)?$")
_MOST_SHOWN: Final = 100  # queues
_LONGEST_BLOCK: Final = 14  # lines


@recogniser(
    r"(?:\bLED[=-]|^\s*Last ?Error\s*:|^\s*Status\s*:\s*Suspended|^\s*(?:NextHopDomain|DeliveryType|MessageCount|DeferReason)\s*:"
    r"|\bIdentity\s.*\bStatus\b|\bFromAddress\s.*\bSubject\b"
    r"|^\s*[\w.-]{1,63}\\[\w\\]{1,20}\s+(?:[A-Z][A-Za-z.]{4,60}\s+)?(?:Active|Connecting|Ready|Retry|Suspended)\s+\d)",
    rank=40,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each queue, message or lone error block."""
    found = [*_tables(reading), *_messages(reading), *_objects(reading)]
    found.extend(_rows(reading, {line for artefact in found for line in artefact.claims}))
    taken = {line for artefact in found for line in artefact.claims}
    free = [(index, line) for index, line in reading.free() if index not in taken]
    found.extend(_errors(reading, free))
    return found


def _objects(reading: Reading) -> Iterator[Artefact]:
    for block in blocks([(index, _named(line)) for index, line in reading.free()]):
        message = sum(block.has(name) for name in _MESSAGE_NAMES) >= 2 or block.has("deferreason")
        message = message or (block.has("recipients") and bool(_LED.search(block.value("recipients"))))
        message = message or (block.has("fromaddress") and bool(_HELD.search(block.value("identity"))))
        queue = sum(block.has(name) for name in _QUEUE_NAMES)
        if message or queue >= 2 or (queue and block.has("status", "identity")) or _names_queue(block):
            yield _artefact(reading, block, "get-message" if message else "get-queue")


def _named(line: str) -> str:
    """The line with a label of Queue Viewer as the cmdlet's name for the property: what the tool copies has the same lines."""
    label = _VIEWER.search(line) if ":" in line else None
    if label is None:
        return line
    name = "".join(word for word in label.group(1).split() if word.isalpha())
    return f"{_PROPERTIES.get(name.lower(), name)}: {line[label.end() :].strip()}"


def _names_queue(block: Block) -> bool:
    """Whether the object is a queue by its identity and state alone, with all that tells more left out."""
    return bool(_IDENTITY.search(block.value("identity"))) and block.value("status").lower() in _STATES


def _artefact(reading: Reading, block: Block, kind: str) -> Artefact:
    facts: list[Fact] = []
    if kind == "get-queue":
        facts.append(_state(reading, block))
    if kind == "get-message":
        facts.extend(_set_aside(reading, block))
    packed = _PACKED.findall(block.value("recipients")) if kind == "get-message" else []
    told = next((name for name in _ERRORS if _tells(block, name)), "") if kind == "get-message" else "lasterror"
    if packed:  # in English, where the message's own last error is in the language of the server
        for recipient, error in packed[:_MOST_SHOWN]:
            facts.extend(_reply(reading, error, block.line("recipients"), recipient))
    elif block.value(told):
        facts.extend(_reply(reading, block.value(told), block.line(told)))
    if kind == "get-message" and block.has("fromaddress"):
        facts.append(
            _queued(reading, block.line("subject", "fromaddress"), block.value("fromaddress"), block.value("subject"))
        )
    shown = {
        name: value for name in ("identity", "status", "messagecount", "nexthopdomain") if (value := block.value(name))
    }
    return _built(reading, kind, block.lines, facts, shown)


def _set_aside(reading: Reading, block: Block) -> Iterator[QueueState]:
    """The queue of a message that routing has no way for, or that Transport failed on: the message names it."""
    named = next((name for name in ("queue", "identity") if _TELLING.search(block.value(name))), "")
    if named:
        where = "\\".join(block.value(named).split("\\")[:2])
        yield QueueState(source=source_at(reading, block.line(named)), identity=where, status="Ready", messages=1)


def _tells(block: Block, name: str) -> bool:
    """Whether a message's property `name` holds an error: the recipients bear one in a block, and no reason is `None`."""
    value = block.value(name)
    return bool(_LED.search(value)) if name == "recipients" else value.lower() not in ("", "none")


def _state(reading: Reading, block: Block) -> QueueState:
    return QueueState(
        source=source_at(reading, block.line("status", "messagecount")),
        identity=block.value("identity"),
        status=block.value("status").lstrip(": "),
        messages=_count(block.value("messagecount")),
        next_hop=block.value("nexthopdomain"),
        delivery_type=block.value("deliverytype"),
    )


def _count(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0


def _reply(reading: Reading, text: str, line: int, recipient: str = "") -> list[Fact]:
    return read_reply(_repaired(text), source_at(reading, line), kind="queue", recipient=recipient)


def _repaired(text: str) -> str:
    """The error block in the form that every reader of replies knows."""
    if "<" in text:
        text = _ANGLED.sub(r"{\1=\2}", text)
    return str(_BARE_LED.sub(r"\1{LED=", text, 1))


def _tables(reading: Reading) -> Iterator[Artefact]:
    rows = [row for row in tables(reading.free(), "identity", "status") if _is_queue(_aligned(row))]
    if not rows:
        return
    facts: list[Fact] = []
    for row in rows:
        cells = _aligned(row)
        facts.append(
            QueueState(
                source=source_at(reading, row.line),
                identity=cells.get("identity", ""),
                status=cells.get("status", ""),
                messages=_count(cells.get("messagecount", "")),
                next_hop=plain(cells.get("nexthopdomain", "").removesuffix("...")),
                delivery_type=cells.get("deliverytype", "").removesuffix("..."),
            )
        )
        if plain(cells.get("lasterror", "")):
            facts.extend(_reply(reading, cells["lasterror"], row.line))
    lines = [line for row in rows for line in row.lines]
    counts = {fact.identity: fact.messages for fact in facts if isinstance(fact, QueueState)}
    messages = dict(list(counts.items())[:_MOST_SHOWN])
    yield _built(reading, "get-queue", lines, facts, {"queues": len(rows), "messages": messages})


def _rows(reading: Reading, taken: set[int]) -> Iterator[Artefact]:
    """Rows whose header was left behind."""
    facts: list[Fact] = []
    lines: list[int] = []
    for index, line in reading.free():
        row = _ROW.search(line) if "\\" in line and index not in taken else None
        if row:
            identity, type_, status, count, hop = (cell or "" for cell in row.groups())
            at_once = _REPLY_AT_ONCE.search(line)
            if at_once:
                count, hop = "", at_once.group(1)
            error = _CELL_ERROR.search(hop)
            hop = hop[: error.start()] if error else hop
            facts.append(
                QueueState(
                    source=source_at(reading, index),
                    identity=identity,
                    status=status,
                    messages=_count(count),
                    next_hop=plain(hop.removesuffix("...")),
                    delivery_type=type_.rstrip("."),
                )
            )
            if error:
                facts.extend(_reply(reading, error.group(1), index))
            lines.append(index)
    if facts:
        counts = [(fact.identity, fact.messages) for fact in facts if isinstance(fact, QueueState)]
        shown = {"queues": len(counts), "messages": dict(counts[:_MOST_SHOWN])}
        yield _built(reading, "get-queue", lines, facts, shown)


def _messages(reading: Reading) -> Iterator[Artefact]:
    """Get-Message as a table: who sent what is waiting."""
    facts: list[Fact] = []
    lines: list[int] = []
    for row in tables(reading.free(), "fromaddress", "subject"):
        cells = {name: plain(cell.removesuffix("...")) for name, cell in row.cells.items()}
        facts.append(_queued(reading, row.line, cells["fromaddress"], cells["subject"]))
        if "suspended" in (word.lower() for word in reading.paste.lines[row.line].split()):
            held = cells.get("queue") or cells.get("identity", "")
            facts.append(QueueState(source=source_at(reading, row.line), identity=held, status="Suspended", messages=1))
        if plain(cells.get("lasterror", "")):
            facts.extend(_reply(reading, row.cells["lasterror"], row.line))
        lines.extend(row.lines)
    if lines:
        yield _built(reading, "get-message", lines, facts, {"messages": len(lines)})


def _queued(reading: Reading, line: int, sender: str, subject: str) -> Configured:
    told = (("FromAddress", sender), ("Subject", subject))
    return Configured(source=source_at(reading, line), kind="queued-message", values=told)


def _aligned(row: TableRow) -> dict[str, str]:
    """The cells by name; where chat has squeezed the spaces, and the last cell has several words, they are dealt out in the order
    of the headers."""
    if _fits(row.cells):
        return row.cells
    words = " ".join(cell for cell in row.cells.values() if cell).split()
    names = list(row.cells)
    last = len(names) - 1
    return dict(zip_longest(names, [*words[:last], " ".join(words[last:])], fillvalue=""))


def _fits(cells: dict[str, str]) -> bool:
    """Whether what stands under the headers is of their kind."""
    return cells.get("status", "").lower() in _STATES and cells.get("messagecount", "0").isdecimal()


def _is_queue(cells: dict[str, str]) -> bool:
    if "fromaddress" in cells or "subject" in cells:
        return False  # Get-Message: its states are those of messages
    return cells.get("status", "").lower() in _STATES and bool(_IDENTITY.search(cells.get("identity", "")))


def _errors(reading: Reading, free: list[tuple[int, str]]) -> Iterator[Artefact]:
    """Last errors that stand alone: in prose, in a portal's card, under a label."""
    position = 0
    while position < len(free):
        index, line = free[position]
        label = _LAST_ERROR.search(line) if ":" in line else None
        if not (label or _has_block(line)):
            position += 1
            continue
        used = _extent(free, position)
        text = " ".join(each.strip() for _, each in free[position : position + used])
        text = text.split(":", 1)[1] if label else text
        position += used
        facts = _reply(reading, text, index) if plain(text) else []
        if facts:
            lines = [each for each, _ in free[position - used : position]]
            yield _built(reading, "last-error", lines, facts, {})


def _has_block(line: str) -> bool:
    return "LED" in line.upper() and bool(_LED.search(line))


def _extent(free: list[tuple[int, str]], start: int) -> int:
    """How many lines the error that begins at `start` takes: until its block is closed, or its text ends."""
    count = ends = 1
    while count < _LONGEST_BLOCK and start + count < len(free):
        index, line = free[start + count]
        previous_index, previous = free[start + count - 1]
        apart = index != previous_index + 1 or not line.strip()
        if (
            apart
            or _CLOSED.search(previous)
            or _NEXT_THING.search(line)
            or _LAST_ERROR.search(line)
            or _has_block(line)
        ):
            break
        count += 1
        # What follows a cut-off block is the next sentence of the person, unless a bracket of the block comes yet.
        if any(mark in line for mark in "{}[]") or (line.startswith(("    ", "\t")) and ends == count - 1):
            ends = count
    return ends


def _built(reading: Reading, kind: str, lines: list[int], facts: list[Fact], shown: dict[str, Any]) -> Artefact:
    return Artefact(
        kind=kind,
        first=min(lines) + 1,
        last=max(lines) + 1,
        facts=tuple(facts),
        shown=shown,
        paste=reading.paste.index,
        claims=frozenset(lines),
    )
