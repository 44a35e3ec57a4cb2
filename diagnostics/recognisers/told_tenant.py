"""That what refused mail is in Exchange Online, as a person tells: "our group in Office 365". Then its settings are the tenant's.

Read beside something else that was pasted, or the report's sentence about who may write, and only in texts that name nothing
on-premises.
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
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes

_CLOUD: Final = r"(?:exchange online|office ?365|o365|m365|microsoft ?365|exo)"
_OBJECT: Final = (
    r"(?:groups?|lists?|folders?|mailbox(?:es)?|tenant|calendar|resources?|gruppen?|verteiler\w*|postfach|postf.cher|ordner"
    r"|groupes?|listes?|dossiers?|bo.tes?|grupos?|listas?|carpetas?|buz.n\w*|caselle?|cartell[ae])"
)
_HELD = linear(rf"(?i)\b{_OBJECT}\b[^.;\n]{{0,60}}\b{_CLOUD}\b|\b{_CLOUD}\b[^.;\n]{{0,30}}\b{_OBJECT}\b")
_OWN = linear(r"(?i)\b(?:we|ours?|us|my|mine|i|wir|unser\w*|notre|nos|nous|nuestr\w+|nostr\w+)\b")
_REFUSED = linear(
    r"(?i)\bonly accepts messages from people in its organization\b|\brestricted to authenticated senders\b"
)
_ELSEWHERE = linear(
    r"(?i)\bon-?prem\w*|\bhybrid\w*|\bexchange (?:server )?20\d\d|\bexchange server|\bSBS\b|\bedge\b|\bDAG\b|\bmigrat\w+"
    r"|\bmoved\b|\bconnectors?\b|\bsmart ?-?hosts?\b|\bpostfix\b|\brelay\w*|\bCU ?\d"
)


@recogniser(rf"\b{_CLOUD}\b", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    refused = answers(reading) or any(_REFUSED.search(line) for _, line in lines)
    if not refused or any(_ELSEWHERE.search(line) for _, line in lines):
        return []
    for index, line in lines:
        held = _HELD.search(line)
        if (
            held
            and _OWN.search(line[: held.end()])
            and not supposes(line[: held.start()])
            and not line.rstrip().endswith("?")
        ):
            fact = Configured(source=source_at(reading, index), kind="told-tenant", name="exchange-online")
            return [artefact(reading, "told-tenant", [index], [fact], {"told": "exchange-online"})]
    return []
