"""How much of each drive is free, as Get-Volume prints it: in bytes, or with units and further columns.

A drive counts as short below a twentieth, where every version of Exchange has begun to put mail off.
Source: https://learn.microsoft.com/powershell/module/storage/get-volume
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_HEADING = linear(r"(?i)\bDriveLetter\b.*\bSizeRemaining\s+Size\s*$")
_SIZE: Final = r"(\d{1,18}(?:[.,]\d{1,3})?)(?: ?([KMGT]?B))?"
_ROW = linear(rf"^\s*([A-Z])\s(?:.*\s)?{_SIZE}\s+{_SIZE}\s*$")
_UNITS: Final = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SHORT: Final = 0.05


@recogniser(r"\bSizeRemaining\s+Size\s*$", rank=60)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the table; a fact for each drive."""
    found: list[tuple[int, Configured]] = []
    under = False
    for index, line in reading.free():
        under = under or bool(_HEADING.search(line[:500]))
        row = _ROW.search(line[:500]) if under else None
        if row:
            found.append((index, _volume(reading, index, row)))
    facts = [fact for _, fact in found]
    short = [fact.name for fact in facts if fact.failing]
    return [artefact(reading, "volumes", [at for at, _ in found], facts, {"short": short})] if found else []


def _volume(reading: Reading, index: int, row: Any) -> Configured:
    letter, free, free_unit, size, unit = (str(each or "") for each in row.groups())
    left, whole = (float(number.replace(",", ".")) * _UNITS[each] for number, each in ((free, free_unit), (size, unit)))
    told = f"{letter}: has {left / 2**30:.1f} of {whole / 2**30:.0f} GB free"
    values = (("DriveLetter", letter), ("Told", told))
    short = whole > 0 and left / whole < _SHORT
    return Configured(source=source_at(reading, index), kind="volume", name=letter, values=values, failing=short)
