"""Whether the locator finds a domain controller: `nltest /dsgetdc` and `/dsgetsite`, whose words aren't translated.

Source: https://learn.microsoft.com/windows-server/administration/windows-commands/nltest
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

KIND: Final = "domain-controller"
_FAILED = linear(r"(?i)\bGetting DC name failed: Status = (\d{1,10}) 0x[0-9a-f]{1,8}\b ?(\w{0,60})")


@recogniser(r"\bGetting DC name failed: Status = ", rank=64)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for what failed; its fact is the last error, which is that of the controller itself."""
    failed = [(index, found) for index, line in reading.free() if (found := _FAILED.search(line[:300]))]
    if not failed:
        return []
    index, last = failed[-1]
    error = str(last.group(2) or last.group(1))
    fact = Configured(source=source_at(reading, index), kind=KIND, values=(("Error", error),), failing=True)
    return [artefact(reading, KIND, [at for at, _ in failed], [fact], {"error": error})]
