"""How far a clock is off, as w32tm, ntpdate and chronyc print it.

`w32tm /stripchart` prints `07:55:31, -07m18.2241870s` and `o:-438.2241870s`, `w32tm /monitor` `NTP: -412.5512345s offset from
dc01`; the words around the number are translated.
Source: https://learn.microsoft.com/windows-server/networking/windows-time-service/windows-time-service-tools-and-settings
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_SAMPLE = linear(
    r"(?i)^\s*(?:\d\d:\d\d:\d\d,? +(?:d:\S+ +)?(?:o:)?|NTP: |(?:Phase ?Offset|Phasenoffset|\w+ offset)\s*: ?)"
    r"([+-]?)(?:(\d{1,5})h)?(?:(\d{1,5})m)?(\d{1,8})(?:[.,]\d{1,9})? ?s\b"
)
_TOOL = linear(r"(?i)\b(?:w32tm|ntpdate|chronyc|stripchart)\b|^\s*NTP: |, [+-]\d\dm\d\d[.,]\d{4,}s|\bo:[+-]\d")
_FINE: Final = 300  # seconds; more breaks Kerberos by default


@recogniser(
    r"(?:\bw32tm\b|\bntpdate\b|\bchronyc\b|^\s*NTP: [+-]|, ?[+-]\d\dm\d\d[.,]\d{4,}s|\bo:[+-]\d{1,8}[.,]\d)", rank=41
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all samples; its fact is the largest offset."""
    samples = list(_samples(reading))
    if not samples or not any(_TOOL.search(line) for _, line in reading.free()):
        return []
    index, seconds = max(samples, key=lambda each: each[1])
    fact = Configured(
        source=source_at(reading, index),
        kind="clock",
        name="clock",
        values=(("Offset", str(seconds)),),
        failing=seconds > _FINE,
    )
    return [artefact(reading, "clock-offset", [at for at, _ in samples], [fact], {"seconds": seconds})]


def _samples(reading: Reading) -> Iterator[tuple[int, int]]:
    """(0-based line, seconds off) for each sample."""
    for index, line in reading.free():
        found = _SAMPLE.search(line[:300])
        if found:
            _, hours, minutes, seconds = found.groups()
            yield index, 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds)
