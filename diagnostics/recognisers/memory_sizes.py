"""How much memory of the machine is free, as Win32_OperatingSystem has it: in kilobytes.

Source: https://learn.microsoft.com/windows/win32/cimwin32prov/win32-operatingsystem
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.format_list import blocks
from diagnostics.recognisers.format_table import tables
from diagnostics.recognisers.sources import source_at

_WHOLE: Final = "totalvisiblememorysize"
_FREE: Final = "freephysicalmemory"
_SHORT: Final = 0.06  # back pressure calls 94 % of the machine's memory High


@recogniser(rf"\b{_FREE}\b", rank=61)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each machine."""
    return [each for lines, whole, free in _told(reading) if (each := _artefact(reading, lines, whole, free))]


def _told(reading: Reading) -> Iterator[tuple[Sequence[int], str, str]]:
    for block in blocks(reading.free()):
        if block.has(_WHOLE) and block.has(_FREE):
            yield block.lines, block.value(_WHOLE), block.value(_FREE)
    for row in tables(reading.free(), _WHOLE, _FREE):
        yield row.lines, row.cells[_WHOLE], row.cells[_FREE]


def _artefact(reading: Reading, lines: Sequence[int], whole: str, free: str) -> Artefact | None:
    if not all(each.isascii() and each.isdecimal() and len(each) < 13 for each in (whole, free)):
        return None
    total, left = int(whole), int(free)
    if not 0 <= left <= total or not total:
        return None
    told = f"{left / 2**20:.1f} of {total / 2**20:.0f} GB free"
    fact = Configured(
        source=source_at(reading, lines[-1]),
        kind="memory",
        name="memory",
        values=(("Told", told), ("Left", str(left)), ("Whole", str(total))),
        failing=left / total < _SHORT,
    )
    return artefact(reading, "memory", lines, [fact], {"free": told})
