"""The string `<I>issuer<S>subject` of an installed certificate, as people print it before they give it to a connector.

Source: https://learn.microsoft.com/powershell/module/exchangepowershell/set-receiveconnector (TlsCertificateName)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from diagnostics.artefacts import Artefact
from diagnostics.facts import InstalledCertificate
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_VARIABLE = linear(r"^\s*(?:\[PS\].{0,200}?>|PS.{0,200}?>)?\s*(?:Write-(?:Host|Output)\s+)?\"?\$\w{1,40}\"?\s*$")
_NAME = linear(r"^\s*<I>\s*(\S.{1,600}?)\s*<S>\s*(\S.{1,600}?)\s*$")


@recogniser(r"^\s*<I>.{2,900}<S>", rank=80)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each string that the line above it printed from a variable."""
    lines = [(index, line) for index, line in reading.free() if line.strip()]
    found: list[Artefact] = []
    for (above, command), (index, line) in pairwise(lines):
        name = _NAME.search(line) if _VARIABLE.search(command) else None
        if name:
            issuer, subject = name.groups()
            fact = InstalledCertificate(source=source_at(reading, index), subject=subject, issuer=issuer)
            found.append(artefact(reading, "tls-certificate-name", [above, index], (fact,), {"subject": subject}))
    return found
