"""The groups of an Exchange server's computer account, as `gpresult /scope computer /r` lists them.

The words around are translated; the list is known by the group that setup puts every Exchange server into.
Source: https://learn.microsoft.com/windows-server/administration/windows-commands/gpresult
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

KIND: Final = "computer-groups"
_GROUP = linear(r"^\s*(?:[\w.-]{1,60}\\)?(\pL[^:\\|{}]{2,80}?)\s*$")
_OF_SERVER: Final = r"^\s*(?:[\w.-]+\\)?Exchange Trusted Subsystem\s*$"
_IS_OF_SERVER = linear(rf"(?i){_OF_SERVER}")


@recogniser(_OF_SERVER, rank=65)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the list that names the group: the lines around it, one group on each."""
    for block in reading.blocks():
        at = next((place for place, (_, line) in enumerate(block) if _IS_OF_SERVER.search(line)), -1)
        if at < 0:
            continue
        first = last = at
        while first and _GROUP.search(block[first - 1][1][:120]):
            first -= 1
        while last + 1 < len(block) and _GROUP.search(block[last + 1][1][:120]):
            last += 1
        lines = block[first : last + 1]
        groups = [str(found.group(1)) for _, line in lines if (found := _GROUP.search(line[:120]))]
        if len(groups) > 1:
            values = (("Groups", ", ".join(groups)),)
            fact = Configured(source=source_at(reading, block[at][0]), kind=KIND, name="computer", values=values)
            return [artefact(reading, KIND, [index for index, _ in lines], [fact], {"groups": len(groups)})]
    return []
