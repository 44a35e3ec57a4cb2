"""What Exchange Online says of a certificate with another name, told without its number.

`SubjectMismatch Expected Subject: mail.contoso.com Presented Subject: CN=EX01`, out of a message trace or a validation.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.reply_text import mismatch
from diagnostics.recognisers.sources import source_at


@recogniser(r"Presented Subject:", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line that names the certificate which was shown."""
    found = []
    for index, line in reading.free():
        fact = mismatch(line[:2000], source_at(reading, index))
        if fact:
            found.append(artefact(reading, "named-mismatch", [index], [fact], {"presented": fact.presented}))
    return found
