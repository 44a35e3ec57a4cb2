"""The versions of the scan engine that are below FIP-FS, one folder each: year, month, day, and a number of that day.

Source: https://techcommunity.microsoft.com/t5/exchange-team-blog/email-stuck-in-exchange-on-premises-transport-queues/ba-p/3049447
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

KIND: Final = "scan-engine"
_NUMBER: Final = r"[12]\d[01]\d[0-3]\d{5}"
_FOLDER: Final = rf"^\s*(?:d[a-z-]{{4,5}}\s+\S.{{4,40}}\s+)?({_NUMBER})\\?\s*$"
_IS_FOLDER = linear(_FOLDER)
_LISTED = linear(rf"^\s*d[a-z-]{{4,5}}\s+\S.{{4,40}}\s+{_NUMBER}\s*$")
_PLACE = linear(r"(?i)\bFIP-?FS\b|\\Engines\\")


@recogniser(rf"^\s*(?:d[a-z-]{{4,5}}\s+\S.{{4,40}}\s+)?{_NUMBER}\\?\s*$", rank=63)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the folders; its fact is the newest version. A bare number counts where the place is named."""
    rows = [(index, found) for index, line in reading.free() if (found := _IS_FOLDER.search(line[:200]))]
    placed = any(_PLACE.search(line[:500]) for line in reading.paste.lines)
    rows = rows if placed else [each for each in rows if _LISTED.search(reading.paste.lines[each[0]][:200])]
    if not rows:
        return []
    index, newest = max(rows, key=lambda each: int(each[1].group(1)))
    fact = Configured(source=source_at(reading, index), kind=KIND, name=str(newest.group(1)))
    return [artefact(reading, KIND, [at for at, _ in rows], [fact], {"newest": fact.name})]
