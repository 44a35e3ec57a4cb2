"""What `openssl x509 -noout` prints of the certificate that a handshake fetched: its subject and its alternative names.

Source: https://docs.openssl.org/master/man1/openssl-x509/
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

KIND: Final = "certificate-names"
_CONNECTED = linear(r"-connect\s+\[?([A-Za-z0-9][A-Za-z0-9_.-]{0,252}):\d{1,5}\b")
_SUBJECT = linear(r"^\s*subject=\s*(\S.{0,600})$")
_HEADING = linear(r"^\s*X509v3 Subject Alternative Name:")
_NAME = linear(r"\bDNS:([A-Za-z0-9*_.-]{1,253})")
_ABOVE: Final = 12  # lines between the command and what it prints


@recogniser(r"^\s*X509v3 Subject Alternative Name:", rank=48)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each list of names, with the host of the command above."""
    found = []
    lines = reading.paste.lines
    for index, line in enumerate(lines):
        if not _HEADING.search(line):
            continue
        names = _NAME.findall(line) + (_NAME.findall(lines[index + 1]) if index + 1 < len(lines) else [])
        above = lines[max(0, index - _ABOVE) : index]
        host = next((each.group(1).lower() for row in reversed(above) if (each := _CONNECTED.search(row))), "")
        subject = next((each.group(1).strip() for row in reversed(above) if (each := _SUBJECT.search(row))), "")
        if names:
            values = (("Subject", subject), ("Names", ", ".join(name.lower() for name in names)))
            fact = Configured(source=source_at(reading, index), kind=KIND, name=host, values=values, host=host)
            claims = [each for each in (index, index + 1) if each not in reading.claimed] or [index]
            found.append(artefact(reading, KIND, claims, [fact], {"host": host, "names": len(names)}))
    return found
