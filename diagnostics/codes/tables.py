"""Reads the tables beside this file: each at its first use, once, and indexed.

`mailflow explain 4.4.7` needs one or two small tables and must not wait for the others.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, convert

from diagnostics.codes.model import Row
from diagnostics.codes.wording import fold, words
from diagnostics.kept import table as kept

_FOLDER = Path(__file__).parent
_LETTERS = 2  # DL, AF: everybody's abbreviations
EXCHANGE = ("exchange-recipients", "exchange-transport", "exchange-store")  # Exchange's own tokens
NAMED = (
    *EXCHANGE,
    "sspi",
    "entra",
    "mail-clients",
    "winsock",
    "markers",
    "wizard",
    "queues",
    "shown",
)


class Entry(NamedTuple):
    """A row of a reply table, taken apart: `basic` and `enhanced` are "" where the row names none."""

    row: Row
    basic: str
    enhanced: str
    parts: tuple[str, ...]


class Replies(Struct, frozen=True):
    """Rows of one table of replies, by what they are looked up with."""

    by_enhanced: dict[str, tuple[Entry, ...]]
    by_basic: dict[str, tuple[Entry, ...]]
    ranges: tuple[tuple[str, int, int, Entry], ...]


def names() -> tuple[str, ...]:
    """The names of all tables."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def rows(table: str) -> tuple[Row, ...]:
    """The rows of one table, in the order of the file."""
    return checked(kept(_FOLDER / f"{table}.toml")["row"])


def checked(raw: object) -> tuple[Row, ...]:
    """Rows as they stand in a table. Raises msgspec.ValidationError for what is none."""
    return convert(raw, tuple[Row, ...])


def entry(row: Row) -> Entry:
    """Take apart the code and the text of a row."""
    head, _, tail = row.code.rpartition(" ")
    basic, enhanced = (head, tail) if "." in tail else ("", "") if "." in row.code else (row.code, "")
    return Entry(row, basic, enhanced, tuple(fold(part) for part in row.text.split("…")) if row.text else ())


@cache
def replies(table: str) -> Replies:
    """The index of one table of replies."""
    enhanced: dict[str, tuple[Entry, ...]] = {}
    basic: dict[str, tuple[Entry, ...]] = {}
    ranges: list[tuple[str, int, int, Entry]] = []
    for one in map(entry, rows(table)):
        if "-" in one.enhanced:
            first, last = one.enhanced.split("-")
            stem, _, low = first.rpartition(".")
            ranges.append((stem, int(low), int(last.rpartition(".")[2]), one))
        elif one.enhanced:
            enhanced[one.enhanced] = (*enhanced.get(one.enhanced, ()), one)
        else:
            basic[one.basic] = (*basic.get(one.basic, ()), one)
    return Replies(enhanced, basic, tuple(ranges))


@cache
def enhanced_tables() -> dict[str, str]:
    """The tables of enhanced codes, by subject: {"7": "enhanced-7-security", …}."""
    return {name.split("-")[1]: name for name in names() if name.startswith("enhanced-")}


@cache
def event_tables() -> tuple[str, ...]:
    """The tables of Windows events: Schannel's, and those of mail by what they tell of."""
    return ("schannel", *(name for name in names() if name.startswith("events")))


@cache
def tokens() -> dict[str, tuple[Entry, ...]]:
    """Rows of Exchange's tokens, by the last word of their text ("recipnotfound"), in lower case."""
    found: dict[str, tuple[Entry, ...]] = {}
    for one in (entry(row) for table in EXCHANGE for row in rows(table)):
        anchor = words(fold(one.row.text))[-1]
        found[anchor] = (*found.get(anchor, ()), one)
    return found


def last_word(token: str) -> str:
    """The last word of a token ("recipnotfound"), in lower case; "" where words follow it, or where it has two letters."""
    word = "" if " " in token else token.replace(":", ".").rpartition(".")[2].casefold()
    return word if len(word) > _LETTERS else ""


@cache
def numbers(table: str) -> dict[int, tuple[Row, ...]]:
    """Rows of `sspi` and `mail-clients` (by the unsigned value) or `winsock` (by the error number)."""
    return {int(row.code, 16 if row.code.startswith("0x") else 10): (row,) for row in rows(table)}


@cache
def numbered(table: str) -> dict[tuple[str, int], tuple[Row, ...]]:
    """Rows such as "Event 12014", "CAPI2 30", "alert 48" and "openssl 20", by kind (lower case) and number.

    A number can have several: each provider counts for itself.
    """
    found: dict[tuple[str, int], tuple[Row, ...]] = {}
    for row in rows(table):
        kind, _, number = row.code.partition(" ")
        if number.isascii() and number.isdigit():
            key = kind.casefold(), int(number)
            found[key] = (*found.get(key, ()), row)
    return found


@cache
def named() -> dict[str, tuple[Row, ...]]:
    """Rows by every name they go by, in lower case: `NoCredentials`, `WSAETIMEDOUT`, `unknown_ca`, `RecipNotFound`."""
    found: dict[str, tuple[Row, ...]] = {}
    for table in (*NAMED, *event_tables()):
        for row in rows(table):
            labels = {row.code, row.name, *row.aliases, row.text, last_word(row.text)} - {""}
            for label in {fold(label) for label in labels}:
                found[label] = (*found.get(label, ()), row)
    return found


@cache
def queues() -> dict[str, Row]:
    """Rows of `queues` by every name of a delivery type or a queue, in lower case."""
    return {fold(name): row for row in rows("queues") for name in (row.code, *row.aliases)}


def labelled(name: str) -> tuple[Row, ...]:
    """The rows that go by this name."""
    return named().get(fold(name), ())


@cache
def tls_words() -> dict[str, tuple[Row, ...]]:
    """Rows of `sspi` by the word Exchange writes ("unknowncredentials"); words of plain English are left out."""
    found: dict[str, tuple[Row, ...]] = {}
    for row in rows("sspi"):
        for alias in row.aliases:
            if sum(map(str.isupper, alias)) > 1:
                found[alias.casefold()] = (*found.get(alias.casefold(), ()), row)
    return found
