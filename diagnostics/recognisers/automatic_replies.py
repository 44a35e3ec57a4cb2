"""Automatic replies that go round: a log or list in which their subject stands again and again.

One alone is what every absent person sends; two or more within what was pasted about a loop are its turns.
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

# The prefixes that Outlook and Exchange give, in the languages that cases have come in, and those of other systems.
_PREFIX: Final = (
    r"(?:Automatic reply|Auto ?-?reply|Autoreply|Out of (?:the )?office|Automatische Antwort|Abwesenheit\w*|R.ponse automatique"
    r"|Respuesta autom.tica|Risposta automatica|Automatisch antwoord|Resposta autom.tica|Autosvar|Automatyczna odpowied.)"
)
_SUBJECT = linear(rf"(?i)\b(?:subject|betreff|objet|asunto|oggetto|onderwerp|assunto)\W{{1,4}}{_PREFIX}")
_TURNS: Final = 2


@recogniser(_PREFIX, rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all of them."""
    found = [index for index, line in enumerate(reading.paste.lines) if _SUBJECT.search(line[:2000])]
    if len(found) < _TURNS:
        return []
    fact = Configured(source=source_at(reading, found[0]), kind="automatic-replies", name=str(len(found)))
    return [artefact(reading, "automatic-replies", found, [fact], {"replies": len(found)})]
