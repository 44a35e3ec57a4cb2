"""Whose event a number is. Providers share numbers: 1050 tells of a slow agent under MSExchange Extensibility, and of a session's
state that could not be read under MSExchangeTransport.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from diagnostics.codes import tables
from diagnostics.codes.model import Row
from diagnostics.patterns import linear

_WORDS = linear(r"[a-z0-9]+")
_LONGEST: Final = 5  # words in the name of a provider
_REMARK = linear(r"\([^)]*\)")
_SEVERAL = linear(r"[,;]| and | or ")
# The services of a Mailbox server are built of the same code, and write the same events under their own names.
_SHARED: Final = {
    "msexchangetransport": (
        "msexchangefrontendtransport",
        "msexchangetransportdelivery",
        "msexchangetransportsubmission",
        "msexchangedelivery",
        "msexchangesubmission",
    ),
    "msexchangestoredriver": ("msexchangestoredriverdelivery", "msexchangestoredriversubmission"),
}
_NAMES: Final = {"msexchangetransport": "MSExchangeTransport", "msexchangestoredriver": "MSExchange Store Driver"}
_WRITES_OF: Final = {each: _NAMES[name] for name, those in _SHARED.items() for each in those}


def shared_with(provider: str) -> str:
    """The provider whose events the service `provider` writes under its own name: MSExchangeTransport of MSExchangeDelivery."""
    return _WRITES_OF.get("".join(provider.lower().split()), "")


def of_number(number: int) -> tuple[Row, ...]:
    """The rows of an event number, whoever writes it."""
    return tuple(row for table in tables.event_tables() for row in tables.numbered(table).get(("event", number), ()))


def of_provider(rows: Iterable[Row], text: str) -> tuple[Row, ...]:
    """Those of `rows` whose provider is named in `text`; all where it names none that is known."""
    named = _names(text) & _known()
    return tuple(row for row in rows if not named or named & sources(row))


def of_event(provider: str, number: int, text: str = "") -> tuple[Row, ...]:
    """The rows of an event; none where its number is known of another source. One whose words stand in `text` goes before those
    that a provider writes with other words under the same number."""
    low = text.lower()
    names = _names(provider)
    rows = [row for row in of_number(number) if names & sources(row)]
    worded = [row for row in rows if row.text and row.text.lower() in low]
    return tuple(worded or (row for row in rows if not row.text or not low))


def calm(provider: str, number: int) -> bool:
    """Whether an event tells of nothing that mail suffers from: something began, ended or was loaded, or a counter is missing."""
    rows = of_event(provider, number)
    return bool(rows) and all(row.calm for row in rows)


def without_cause(provider: str, number: int) -> Row | None:
    """The row of an event that is known and comes of none of the causes: its meaning is all there is to say."""
    rows = of_event(provider, number)
    known = bool(rows) and not any(row.causes or row.wrapper for row in rows)
    return rows[0] if known and rows[0].emitter.startswith("MSExchange") else None


def one_source(number: int) -> str:
    """The provider of an event that is told by its number alone; "" where several are known to write it and none is the
    usual one, or where it tells of no fault that mail has: such a number may be any program's."""
    rows = of_number(number)
    rows = tuple(row for row in rows if row.usual) or rows
    every = [sources(row) for row in rows]
    if not any(row.causes for row in rows) or not frozenset.intersection(*every):
        return ""
    return str(_SEVERAL.split(_REMARK.sub("", rows[0].emitter))[0]).strip()


@cache
def sources(row: Row) -> frozenset[str]:
    """The providers that a row names, without blanks and remarks in brackets, and those that share their events."""
    named = ["".join(_WORDS.findall(each)) for each in _SEVERAL.split(_REMARK.sub("", row.emitter.lower()))]
    return frozenset(each for name in named if name for each in (name, *_SHARED.get(name, ())))


@cache
def _known() -> frozenset[str]:
    rows = (row for table in tables.event_tables() for row in tables.rows(table))
    return frozenset(each for row in rows for each in sources(row))


def _names(text: str) -> frozenset[str]:
    """What may be the name of a provider in `text`: words that follow each other, joined as `MSExchange ADAccess` is at times."""
    words = _WORDS.findall(text.lower())
    runs = (words[start : start + count] for start in range(len(words)) for count in range(1, _LONGEST + 1))
    return frozenset("".join(run) for run in runs)
