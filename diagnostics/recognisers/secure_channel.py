"""Whether the machine's secure channel to its domain works: Test-ComputerSecureChannel, and nltest, which isn't translated.

Sources: https://learn.microsoft.com/powershell/module/microsoft.powershell.management/test-computersecurechannel,
https://learn.microsoft.com/windows-server/administration/windows-commands/nltest
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

KIND: Final = "secure-channel"
_TOLD = linear(
    r"(?i)\bsecure channel between the local computer and the domain (\S{1,253}?)\.? is (broken|in good condition)"
)
_COMMAND = linear(r"(?i)\bTest-ComputerSecureChannel\b")
_REPAIR = linear(r"(?i)-Repair\b")
_WORD = linear(r"^\s*(True|False)\s*$")
_NLTEST = linear(
    r"(?i)\b(?:Trusted DC Connection Status Status|Trust Verification Status) ?= ?(\d{1,10}) 0x[0-9a-f]{1,8}\b ?(\w{0,60})"
)
_NEAR: Final = 6  # lines from the command to its word


@recogniser(
    r"(?:\bsecure channel between the local computer|\bTest-ComputerSecureChannel\b|\bTrusted DC Connection Status Status"
    r"|\bTrust Verification Status)",
    rank=40,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all that was printed; a single failure tells that it is broken."""
    found = list(_results(reading.free()))
    if not found:
        return []
    index, works, what = next((each for each in found if not each[1]), found[-1])
    domain = next((name for _, _, name in found if "." in name), "")
    fact = Configured(
        source=source_at(reading, index), kind=KIND, name=domain, values=(("Result", what),), failing=not works
    )
    return [artefact(reading, KIND, [at for at, _, _ in found], [fact], {"domain": domain, "works": works})]


def _results(lines: list[tuple[int, str]]) -> Iterator[tuple[int, bool, str]]:
    """(0-based line, whether it works, the domain or the error's name) of each result."""
    asked = -_NEAR
    for index, line in lines:
        short = line[:500]
        told, checked, word = _TOLD.search(short), _NLTEST.search(short), _WORD.search(short)
        if told:
            yield index, told.group(2).lower() != "broken", str(told.group(1))
        elif checked:
            yield index, int(checked.group(1)) == 0, str(checked.group(2))
        elif word and index - asked < _NEAR:
            yield index, word.group(1) == "True", str(word.group(1))
        if _COMMAND.search(short):
            asked = -_NEAR if _REPAIR.search(short) else index
