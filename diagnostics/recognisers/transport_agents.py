"""The transport agents of a server, as Get-TransportAgent lists them without its command above.

Every server has agents of Microsoft's own, by whose names the list is known.
Source: https://learn.microsoft.com/powershell/module/exchangepowershell/get-transportagent
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

KIND: Final = "transport-agent"
_STATE: Final = r"\s+(True|False)\s+(\d{1,3})\s*$"
_ROW = linear(rf"(?i)^\s*(\S.{{1,100}}?){_STATE}")
_KNOWN: Final = r"^\s*(?:Transport Rule|DLP Policy|Malware|System Probe Drop \w+|Retention Policy|Journaling) Agent"
_IS_KNOWN = linear(rf"(?i){_KNOWN}\s")


@recogniser(rf"{_KNOWN}\s+(?:True|False)\s", rank=64)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the list; a fact for each agent."""
    rows = [(index, found) for index, line in reading.free() if (found := _ROW.search(line[:300]))]
    if not any(_IS_KNOWN.search(line) for _, line in reading.free()):
        return []
    facts = [
        Configured(
            source=source_at(reading, index),
            kind=KIND,
            name=str(found.group(1)).strip(),
            values=(("Enabled", str(found.group(2))), ("Priority", str(found.group(3)))),
        )
        for index, found in rows
    ]
    shown = {"agents": [fact.name for fact in facts]}
    return [artefact(reading, KIND, [index for index, _ in rows], facts, shown)] if rows else []
