"""Codes that only software writes, wherever they stand: results of Windows calls, their names, alerts, events; and queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.codes import tables
from diagnostics.codes.model import Row
from diagnostics.codes.wording import contains, fold
from diagnostics.patterns import linear
from diagnostics.text import begun

_RESULT = linear(r"(?i)\b(?:0x)?(80(?:(?:09|0B)[0-9A-F]{4}|(?:0CCC|0421)[0-9A-F]{2}|040610))\b|(-21[45]\d{7})\b")
_NAME = linear(r"\b((?:SEC|CERT|CRYPT|NTE|TRUST)_E?_?[A-Z_]{4,40})\b")
_NUMBERED = linear(r"(?i)\b(capi2)(?: \(?event(?:[ -]?id)?)?[ ,:(#-]{1,3}(\d{2})\b|verify error:num=(\d{1,2})\b")
_MOST: Final = 12
_TOLD: Final = 7  # letters of a delivery type that tell it, where a table cut it off


def rows_of(text: str) -> tuple[Row, ...]:
    """The rows of the tables whose code stands in `text`, in its order, each once."""
    if "80" not in text and "_" not in text and "-21" not in text and "um=" not in text and "CAPI2" not in text.upper():
        return ()
    return tuple(dict.fromkeys(_rows(text)))[:_MOST]


def _rows(text: str) -> Iterator[Row]:
    for match in _RESULT.finditer(text):
        value = int(match.group(1), 16) if match.group(1) else int(match.group(2)) & 0xFFFFFFFF
        yield from tables.numbers("sspi").get(value, ()) or tables.numbers("mail-clients").get(value, ())
    for match in _NAME.finditer(text):
        yield from tables.named().get(fold(match.group(1)), ())
    for match in _NUMBERED.finditer(text):
        kind, table = ("capi2", "events") if match.group(1) else ("openssl", "markers")
        yield from tables.numbered(table).get((kind, int(match.group(2) or match.group(3))), ())


def of_queue(identity: str, delivery_type: str) -> Row | None:
    """The row of a queue, by its name where that is one of its own (`EX01\\Submission`), else by its delivery type, which a table
    may have cut off."""
    known = tables.queues()
    parts = (fold(part).rstrip(".…") for part in (*identity.split("\\")[1:2], delivery_type) if part)
    return next((row for part in parts if (row := known.get(part) or begun(part, known, _TOLD))), None)


def of_wizard(text: str) -> tuple[Row, ...]:
    """The rows of the Hybrid Configuration Wizard's messages in `text`, the most telling first: whole sentences, then numbers.

    A number that only carries the error of a cmdlet comes last.
    """
    folded = fold(text)
    entries = [tables.entry(row) for row in tables.rows("wizard")]
    worded = [one.row for one in entries if contains(folded, one.parts)]
    coded = [one.row for one in entries if len(one.row.code) > len("HCW") and contains(folded, (fold(one.row.code),))]
    return tuple(sorted(dict.fromkeys((*worded, *coded)), key=lambda row: row.wrapper))
