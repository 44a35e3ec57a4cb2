"""Messages counted by address: Group-Object over a message trace, `4931 core-sw@contoso.com`, with its header or without.

A row alone may be anything, so there are two of them, or the header above.
Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/group-object
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

COUNTED: Final = "counted-messages"
"""The kind of the facts: the name is the address, `Count` how many messages it has."""

_ADDRESS: Final = r"[A-Za-z0-9._%+'=-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}"
_CUT: Final = r"(?:\.\.\.|\x{2026})"
# A column is cut off anywhere: in the domain, or before the `@`, which then only the header tells from other words.
_PART: Final = rf"[A-Za-z0-9._%+'=-]{{1,64}}@[A-Za-z0-9.-]{{0,253}}?{_CUT}"
_ROW_OF: Final = rf"^\s*(\d{{1,7}})\s+({_ADDRESS}{_CUT}?|{_PART})\s*(?:\{{.*)?$"
_CUT_ROW = linear(rf"^\s*(\d{{1,7}})\s+([A-Za-z0-9._%+'=-]{{1,64}}?{_CUT})\s*(?:\{{.*)?$")
_ROW = linear(_ROW_OF)
_HEADER = linear(r"^\s*Count\s+Name(?:\s+Group)?\s*$")
_FEWEST: Final = 2
_ABOVE: Final = 3  # lines from the header to its first row


@recogniser(_ROW_OF, rank=60)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each run of rows."""
    found = []
    for run in reading.blocks():
        headed = any(_HEADER.search(line) for _, line in run[:_ABOVE])
        patterns = (_ROW, _CUT_ROW) if headed else (_ROW,)
        found_in = ((index, [each.search(line[:1000]) for each in patterns]) for index, line in run)
        rows = [(index, row) for index, tried in found_in if (row := next(filter(None, tried), None))]
        if rows and (len(rows) >= _FEWEST or headed):
            facts = [_counted(reading, index, str(row.group(2)), str(row.group(1))) for index, row in rows]
            found.append(artefact(reading, COUNTED, [index for index, _ in rows], facts, {"addresses": len(rows)}))
    return found


def _counted(reading: Reading, index: int, address: str, count: str) -> Configured:
    return Configured(source=source_at(reading, index), kind=COUNTED, name=address, values=(("Count", count),))
