"""Rows of SMTP protocol logs: CSV as Exchange writes it, and as it looks after chat, mail and redaction.

Columns (Exchange 2007 to SE): date-time, connector-id, session-id, sequence-number, local-endpoint, remote-endpoint,
event, data, context. A `#Fields:` line overrides the order.
Source: https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from diagnostics.log_forms import PROTOCOL_COLUMNS
from diagnostics.patterns import linear
from diagnostics.recognisers.wrapping import CONSOLES, broken, margin_of, rejoined

# Rows whose first six columns were cut away, as blogs and tired people paste them.
TAIL: Final = r"^\s*(?:\.{2,3},)?[*+<>-],"
_ID_CHARACTERS: Final = frozenset("0123456789ABCDEFabcdefXx*")
_EVENTS: Final = frozenset({"+", "-", ">", "<", "*", ""})  # "": a `*` that chat formatting took for bold
_MARGIN: Final = 60  # a mail client's line is rarely cut shorter than this
_EVENT: Final = PROTOCOL_COLUMNS.index("event")
_MOST_PARTS: Final = 40  # of one row
_FIELDS = linear(r"(?i)^\s*#Fields:\s*(.+)$")
_COMMENT = linear(r"(?i)^\s*#(?:Software|Version|Log-type|Date|Fields):")
_MASKED = linear(r"(?i)^[X0*\s]*$|redact|remov|mask|session")
_TAIL_WORDS = linear(
    r"(?i)certificate|negotiation|STARTTLS|EHLO|250[- ]|220[- ]|attempting to connect|,(?:Local|Remote)(?:\(\w+\))?\s*$"
    r"|[<>],\"?(?:AUTH|MAIL FROM|RCPT TO|BDAT|[2-5]\d\d[ -])|Set Session Permissions|,authenticated"
)


class Row(Struct):
    """One row. `line` is 0-based; `session` is "" when masked. `event` is one of + - > < * or ""."""

    line: int
    at: str = ""
    connector: str = ""
    session: str = ""
    sequence: int = -1
    local: str = ""
    remote: str = ""
    event: str = ""
    data: str = ""
    context: str = ""
    lines: list[int] = field(default_factory=list)


def rows(lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """Read rows out of (0-based index, folded line) pairs; lines that are no rows are passed over."""
    places = _places(PROTOCOL_COLUMNS)
    for indices, text in _joined(lines):
        named = _FIELDS.search(text) if is_comment(text) else None
        if named:
            places = _places(named.group(1).split(","))
        elif _starts(text):
            row = _full(places, text, indices)
            if row is not None:
                yield row
        elif _tail(text) and _TAIL_WORDS.search(text):
            values = _split(text.strip().lstrip(".").lstrip(","))
            row = Row(indices[0], event=values[0][:1], lines=indices)
            row.data, row.context = _data_and_context(values[1:])
            yield row


def is_comment(line: str) -> bool:
    """Whether the line is one of the five that open a log file."""
    return line.lstrip()[:1] == "#" and bool(_COMMENT.search(line))


def _starts(line: str) -> bool:
    """Whether a row begins here, as START has it: every line of a log is asked, so without the pattern engine."""
    head = line.lstrip()[:32]
    time = head[:4].isdecimal() and head[4:5] == "-" and head[10:11] == "T" and head[13:14] == ":" == head[16:17]
    return time and "," in head[18:]


def _tail(line: str) -> bool:
    head = line.lstrip().lstrip(".")[:3].lstrip(",")[:2]
    return head[1:2] == "," and head[0] in "*+<>-"


def _joined(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[list[int], str]]:
    """Put rows back together that a console or mail client has wrapped, or that quote a line break."""
    indices: list[int] = []
    parts: list[str] = []
    lines = list(lines)
    margin = margin_of(lines)
    for index, line in lines:
        begins = _starts(line) or is_comment(line)
        if indices and not begins and index == indices[-1] + 1 and _continues(parts, line, margin):
            indices.append(index)
            parts.append(line)
            continue
        if indices:
            yield indices, _rejoin(parts)
            indices, parts = [], []
        if begins or _tail(line):
            indices, parts = [index], [line]
    if indices:
        yield indices, _rejoin(parts)


def _continues(parts: list[str], line: str, margin: int) -> bool:
    """Whether `line`, which begins no row, goes on with the one in `parts`: that is incomplete, or was cut at a margin."""
    whole = "".join(parts)
    tail = _tail(parts[0])
    incomplete = whole.count('"') % 2 == 1 or (not tail and whole.count(",") < 8)
    cut = incomplete or len(parts[-1]) in CONSOLES or (len(parts) > 1 and len(parts[-1]) >= _MARGIN)
    cut = cut or (not tail and broken(parts[-1], line, margin))
    return cut and bool(line.strip()) and len(parts) <= _MOST_PARTS and not (tail and _tail(line))


def _rejoin(parts: list[str]) -> str:
    """Like other wrapped rows; one that was cut twice at one width was cut by a console of that width."""
    even = len(parts) > 2 and len(parts[0]) >= _MARGIN and all(len(part) == len(parts[0]) for part in parts[:-1])
    return "".join(parts) if even else rejoined(parts)


def _split(text: str) -> list[str]:
    if '"' not in text:
        return text.replace("\n", " ").split(",")
    try:
        return next(csv.reader([text.replace("\n", " ")]), [])
    except csv.Error:  # a field beyond the csv module's limit: no log row is that long
        return text[:10_000].split(",")


def _places(columns: Iterable[str]) -> list[int]:
    """The index of each of PROTOCOL_COLUMNS in a row, -1 where it has none."""
    found = {name.strip().lower(): index for index, name in enumerate(columns)}
    return [found.get(name, -1) for name in PROTOCOL_COLUMNS]


def _full(places: list[int], text: str, lines: list[int]) -> Row | None:
    """The row, or None for one of another log that also begins with a time."""
    values = _split(text.strip())
    count = len(values)
    at, connector, session, sequence, local, remote, event, *_ = [
        values[place].strip() if -1 < place < count else "" for place in places
    ]
    if count < 7 or event not in _EVENTS:
        return None
    numbered = sequence.isdecimal()
    if not (14 <= len(session) <= 17 and _ID_CHARACTERS.issuperset(session)) and not (numbered and len(session) <= 60):
        return None
    data, context = _data_and_context(values[places[_EVENT] + 1 or _EVENT + 1 :])
    return Row(
        lines[0],
        at=_utc(at),
        connector=connector,
        session=_session(session),
        sequence=int(sequence[:9]) if numbered else -1,
        local=local,
        remote=remote,
        event=event or ("*" if context else ""),
        data=data,
        context=context,
        lines=lines,
    )


def _session(text: str) -> str:
    """The session id in upper case, "" when it is masked."""
    plain = len(text) == 16 and text.isalnum() and len(set(text)) > 2
    return text.upper() if plain or not _MASKED.search(text) else ""


def _data_and_context(rest: list[str]) -> tuple[str, str]:
    """Unquoted commas in data (a subject pasted without its quotes) leave more than two columns."""
    if not rest:
        return "", ""
    if len(rest) == 1:
        return rest[0].strip(), ""
    return ",".join(rest[:-1]).strip(), rest[-1].strip().lstrip(";,").strip()


def _utc(stamp: str) -> str:
    return stamp if stamp.endswith("Z") or not stamp else stamp + "Z"
