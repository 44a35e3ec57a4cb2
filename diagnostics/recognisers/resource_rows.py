"""The resources that back pressure watches, each with its level, as events of every version since Exchange 2007 list them.

    Version buckets = 412 [High] [Normal=40 Medium=60 High=100]

The level says whether the resource is short, and the thresholds behind it name the levels that there are, in whatever language.
Source: https://learn.microsoft.com/exchange/mail-flow/back-pressure
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from diagnostics.patterns import linear

# Levels in the languages of Windows, where no thresholds stand behind them; MediumHigh is of Exchange 2007.
_HIGH: Final = (
    r"High|Medium(?:High)?|Hoch|Mittel|[\x{c9}E]lev[\x{e9}e]e?|Haut|Moyen(?:ne)?"
    r"|Alt[ao]|Medi[ao]|M\x{e9}di[ao]|Hoog|Gemiddeld|Wysoki|Średni|高|中"
)
# Of the memory of the machine there is a limit in place of a level.
_ROW = linear(
    r"(?i)(?P<name>[^.:=\[\]()<>\n]{2,80}(?:[(\[][^=\n]{1,260}?[)\]])?)\s?= ?"
    rf"(?:(?P<used>\d{{1,7}}) ?%? ?\[(?:(?P<level>[^\[\]=\d\n]{{1,24}})\](?: ?\[(?P<levels>[^\[\]\n]{{1,120}}))?"
    rf"|[^\[\]=\d\n]{{1,40}}(?P<limit>\d{{1,3}}) ?%[^\[\]\n]{{0,80}}\])|(?P<bare>{_HIGH})\b)"
)
_IS_HIGH = linear(rf"(?i)^(?:{_HIGH})$")
_LEVEL_OF = linear(r"([^\s\[\]=,]{1,24})=\d")


class Row(Struct):
    """One resource: its name, with its path, and whether it is short."""

    name: str
    short: bool


def rows_of(text: str) -> Iterator[Row]:
    return (Row(found.group("name").strip(), _is_short(found)) for found in _ROW.finditer(text))


def without_rows(text: str) -> str:
    return str(_ROW.sub("", text))


def _is_short(row: Any) -> bool:
    """Whether the level is above the lowest of those behind it, which comes first; where it isn't among them, its word tells."""
    if row.group("limit"):
        return int(row.group("used")) > int(row.group("limit"))
    level = (row.group("level") or "").strip()
    levels = [each.lower() for each in _LEVEL_OF.findall(row.group("levels") or "")]
    if level.lower() in levels:
        return bool(level.lower() != levels[0])
    return bool(row.group("bare") or _IS_HIGH.search(level))
