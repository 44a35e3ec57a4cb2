"""Get-TlsCipherSuite: the cipher suites that a Windows machine offers, one a line, or as a policy's list of them.

Source: https://learn.microsoft.com/powershell/module/tls/get-tlsciphersuite
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

CIPHER_SUITES: Final = "cipher-suites"
"""The kind of the fact; `Names` has them in their order."""

_SUITE: Final = r"TLS_[A-Z0-9]{2,12}(?:_[A-Z0-9]{2,12}){2,7}"
_LINE = linear(rf"^\s*(?:(?:Name|Functions)\s*:\s*\{{?)?(?:{_SUITE}[,\s}}]*)+$")
_NAME = linear(_SUITE)
_FEWEST: Final = 2  # one alone is a session's


@recogniser(rf"^\s*(?:(?:Name|Functions)\s*:\s*\{{?)?{_SUITE}[,\s}}]", rank=44)
def read(reading: Reading) -> Sequence[Artefact]:
    """All suites of a text, as one artefact: a list of one machine."""
    lines = [(index, line) for index, line in reading.free() if "TLS_" in line and _LINE.search(line)]
    names = list(dict.fromkeys(name for _, line in lines for name in _NAME.findall(line)))
    if len(names) < _FEWEST:
        return []
    fact = Configured(
        source=source_at(reading, lines[0][0]), kind=CIPHER_SUITES, values=(("Names", f"{{{', '.join(names)}}}"),)
    )
    return [artefact(reading, CIPHER_SUITES, [index for index, _ in lines], [fact], {"suites": len(names)})]
