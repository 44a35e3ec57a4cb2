"""How much of each drive is free, as Get-Volume prints it: in bytes, or with units and further columns; and the machine's
temporary folder, where it was printed above.

A drive counts as short below a twentieth, where every version of Exchange has begun to put mail off.
Source: https://learn.microsoft.com/powershell/module/storage/get-volume
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

_HEADING = linear(r"(?i)\bDriveLetter\b.*\bSizeRemaining\s+Size\s*$")
_SIZE: Final = r"(\d{1,18}(?:[.,]\d{1,3})?)(?: ?([KMGT]?B))?"
_ROW = linear(rf"^\s*([A-Z])\s(?:.*\s)?{_SIZE}\s+{_SIZE}\s*$")
# Bytes behind a letter, without the heading: nothing else looks so.
_BARE: Final = r"^\s*[A-Z]\s+(?:\S.{0,40}\s)?\d{5,18}\s+\d{8,18}\s*$"
_IS_BARE = linear(_BARE)
_AMOUNT = linear(rf"^\s*{_SIZE}\s*$")
_TEMPORARY: Final = r"^\s*[A-Z]:\\(?:[^:\n]{0,200}\\)?te?mp\d?\\?\s*$"
_IS_TEMPORARY = linear(rf"(?i){_TEMPORARY}")
_UNITS: Final = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SHORT: Final = 0.05
_DISC: Final = (2**29, 10 * 2**30)  # the sizes of a CD or DVD, which is full by nature

Found = tuple[tuple[int, ...], Configured]


@recogniser(rf"(?:\bSizeRemaining\s+Size\s*$|^\s*SizeRemaining\s*:|{_BARE})", rank=60)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all drives; a fact for each, and one for the temporary folder."""
    volumes = [*_listed(reading), *_tabled(reading)]
    if not volumes:
        return []
    found = [*volumes, *_folders(reading)]
    short = [fact.name for _, fact in volumes if fact.failing]
    lines = [line for at, _ in found for line in at]
    return [artefact(reading, "volumes", lines, [fact for _, fact in found], {"short": short})]


def _tabled(reading: Reading) -> Iterator[Found]:
    under = False
    for index, line in reading.free():
        under = under or bool(_HEADING.search(line[:500]))
        row = _ROW.search(line[:500]) if under or _IS_BARE.search(line[:500]) else None
        if row:
            letter, free, free_unit, size, unit = (str(each or "") for each in row.groups())
            left, whole = _bytes(free, free_unit), _bytes(size, unit)
            if left <= whole:
                yield (index,), _volume(reading, index, letter, left, whole)


def _listed(reading: Reading) -> Iterator[Found]:
    for block in blocks(reading.free()):
        letter = block.value("driveletter")
        amounts = [_AMOUNT.search(block.value(name)) for name in ("sizeremaining", "size")]
        if len(letter) == 1 and letter.isalpha() and all(amounts):
            left, whole = (_bytes(str(each.group(1)), str(each.group(2) or "")) for each in amounts if each)
            yield tuple(block.lines), _volume(reading, block.line("sizeremaining"), letter.upper(), left, whole)


def _folders(reading: Reading) -> Iterator[Found]:
    """The values of TMP and TEMP, each on a line of its own."""
    for index, line in reading.free():
        if _IS_TEMPORARY.search(line[:300]):
            folder = line.strip()
            yield (index,), Configured(source=source_at(reading, index), kind="temporary-folder", name=folder)


def _bytes(number: str, unit: str) -> float:
    return float(number.replace(",", ".")) * _UNITS[unit.upper()]


def _volume(reading: Reading, index: int, letter: str, left: float, whole: float) -> Configured:
    told = f"{letter}: has {left / 2**30:.1f} of {whole / 2**30:.0f} GB free"
    if whole < _UNITS["GB"]:
        told = f"{letter}: has {left / 2**20:.0f} of {whole / 2**20:.0f} MB free"
    values = (("DriveLetter", letter), ("Told", told), ("Left", str(int(left))), ("Whole", str(int(whole))))
    disc = left == 0 and (whole == 0 or _DISC[0] < whole < _DISC[1])
    short = whole > 0 and left / whole < _SHORT and not disc
    return Configured(source=source_at(reading, index), kind="volume", name=letter, values=values, failing=short)
