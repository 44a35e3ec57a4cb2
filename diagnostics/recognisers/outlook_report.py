"""Outlook's own report of a refused submission: below it stand the headers of the server that answered.

`X-CalculatedBETarget` is the server that holds the sender's mailbox, `X-ServerApplication` its version; seen in reports of
Outlook 2016 and later, in several languages, in which the headers' names are the same.
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

_NAMES: Final = r"X-(?:ServerApplication|FEServer|BEServer|CalculatedBETarget)"
_HEADER = linear(rf"(?i)^[ \t>]*({_NAMES}): ?([\w./-]{{1,255}})[ \t]*$")


@recogniser(rf"^[ \t>]*{_NAMES}:", rank=28)  # before the report, which takes all that stands below it
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all such lines; the setting is named after the server that holds the mailbox."""
    found = {index: match for index, line in reading.free() if (match := _HEADER.match(line))}
    shown = {str(match.group(1)): str(match.group(2)) for match in found.values()}
    if "X-CalculatedBETarget" not in shown:
        return []
    fact = Configured(
        source=source_at(reading, min(found)),
        kind="outlook-report",
        name=shown["X-CalculatedBETarget"].lower(),
        values=tuple(shown.items()),
    )
    return [artefact(reading, "outlook-report", found, [fact], shown)]
