"""The size of transport's temporary folder, in whatever listing: `UnifiedContent  412.6 GB`, a tree of sizes, a sum of bytes.

Exchange writes what it scans to TransportRoles\\data\\Temp\\UnifiedContent below its own folder and deletes it afterwards.
Source: https://learn.microsoft.com/exchange/antispam-and-antimalware/antimalware-protection/antimalware-procedures
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_FOLDER: Final = r"UnifiedContent|TransportRoles\\data\\Temp"
_IS_FOLDER = linear(rf"(?i)\b({_FOLDER})\b")
_SIZE = linear(r"(?i)(?:^|[\s|:=(~])(\d{1,6}(?:[.,]\d{1,3})?)\s?([KMGT])i?B\b")
_BYTES = linear(r"(?i)\b(?:Sum|Size|Length|Bytes|Größe)\W{1,12}(\d{10,15})\b|\b(\d{1,3}(?:[.,]\d{3}){3,4}) bytes?\b")
_GIGABYTE: Final = 1 << 30
_UNITS: Final = {"K": 0.0, "M": 1 / 1024, "G": 1.0, "T": 1024.0}  # in gigabytes; kilobytes are none
# Below the folder's name: its own row, or what a cmdlet prints of it.
_OF_IT = linear(
    r"(?i)\bUnifiedContent\b|^\W{0,8}(?:Sum|Size|Length|Total\w*|Größe|Bytes)\b|^\W{0,8}\d[\d.,]{0,20} ?[KMGT]i?B\W{0,8}$"
)
_NEAR: Final = 4  # lines between the folder and its size


@recogniser(rf"(?:{_FOLDER})", rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact, for the first size that stands beside the folder's name or shortly below it."""
    lines = reading.sentences()[:MOST_LINES]
    for position, (index, line) in enumerate(lines):
        named = _IS_FOLDER.search(line)
        if named is None or line.rstrip().endswith("?") or supposes(line[: named.start()]):
            continue
        following = [(at, below) for at, below in lines[position + 1 : position + 1 + _NEAR] if _OF_IT.search(below)]
        for at, below in ((index, line[named.end() :]), *following):
            size = gigabytes(below[:1000])
            if size:
                values = (("Gigabytes", str(size)),)
                fact = Configured(source=source_at(reading, at), kind="folder", name=named.group(1), values=values)
                return [artefact(reading, "folder-size", sorted({index, at}), [fact], {"gigabytes": size})]
    return []


def gigabytes(text: str) -> int:
    """The size that a line tells, in whole gigabytes; 0 where it tells none, or less than one."""
    written, counted = _SIZE.search(text), _BYTES.search(text)
    if written:
        return int(float(written.group(1).replace(",", ".")) * _UNITS[written.group(2).upper()])
    if counted:
        digits = "".join(each for each in counted.group(1) or counted.group(2) if each.isdecimal())
        return int(digits) // _GIGABYTE
    return 0
