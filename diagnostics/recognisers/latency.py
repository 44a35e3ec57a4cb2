"""How long message tracking says that the mail flow rules took for one message (component CATRT).

It counts seconds (`CATRT-Transport Rule Agent=1889`), a conversion script prints hours (`ComponentLatency : 00:31:29`). Only a
long one is told: every message has such a count.
Source: https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.format_list import blocks
from diagnostics.recognisers.sources import source_at

_NAME: Final = "CATRT-Transport Rule Agent"
_COUNTED = linear(
    rf"(?i){_NAME}\W{{1,3}}(?:(?:\w+ ?:? ?){{0,2}}(\d{{1,3}}):(\d\d):(\d\d)|(\d{{1,6}})(?:[.;|\]}}\s]|$))"
)
_CLOCK = linear(r"^(\d{1,3}):(\d\d):(\d\d)")
_LONG: Final = 60  # seconds


@recogniser(_NAME, rank=44)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the longest time."""
    told = [each for each in (*_listed(reading), *_written(reading)) if each[0] >= _LONG]
    if not told:
        return []
    seconds, lines = max(told)
    values = (("Seconds", str(seconds)),)
    fact = Configured(source=source_at(reading, lines[0]), kind="latency", name=_NAME, values=values, failing=True)
    return [artefact(reading, "latency", lines, [fact], {"seconds": seconds})]


def _listed(reading: Reading) -> Iterator[tuple[int, list[int]]]:
    for block in blocks(reading.free()):
        spent = _CLOCK.search(block.value("componentlatency"))
        if spent and block.value("componentcode").casefold() == _NAME.casefold():
            yield _seconds(*spent.groups()), [block.line("componentcode"), block.line("componentlatency")]


def _written(reading: Reading) -> Iterator[tuple[int, list[int]]]:
    for index, line in enumerate(reading.paste.lines):
        found = _COUNTED.search(line) if _NAME in line else None
        if found:
            hours, minutes, seconds, plain = found.groups()
            yield int(plain) if plain else _seconds(hours, minutes, seconds), [index]


def _seconds(hours: str, minutes: str, seconds: str) -> int:
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds)
