"""A service that mail is sent through and comes back from, told in a sentence: signatures, archives, encryption, filters.

Read only beside something that was pasted. What comes back from it matches the rule that sent it there, unless that excepts it.
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
from diagnostics.recognisers.told_settings import in_sight, stated

_NAMES: Final = "exclaimer|codetwo|crossware|letsignit|rocketseed|opensense"
_SERVICE = linear(
    r"(?i)\b(?:signatur\w{0,3}|disclaimer|encryption|archiv\w{0,5}|verschlüsselungs?)[ -]?"
    r"(?:gateway|service|dienst|add-?(?:in|on)|appliance|software|solution|lösung|provider|server)\b"
    rf"|\b(?:{_NAMES})\b|\bre-?inject(?:s|ed|ing|ion)?\b"
)


@recogniser(rf"(?:signatur|disclaimer|encryption|archiv|verschl|{_NAMES}|inject)", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first sentence that tells of one."""
    if not in_sight(reading):
        return []
    for index, told in stated(reading, _SERVICE):
        fact = Configured(source=source_at(reading, index), kind="addon-service", name=told.group(0)[:60])
        return [artefact(reading, "told-addon", [index], [fact], {"service": fact.name})]
    return []
