"""That the Hybrid Configuration Wizard offers no certificate to choose, as a person tells it beside the certificate.

Read only beside something else that was pasted.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES

_WIZARD = linear(
    r"(?i)\bhcw\b|\bhybrid (?:configuration |setup )?wizard\b|\bhybrid-?(?:konfigurations-?)?assistent\w*"
    r"|\bassistant (?:de )?(?:configuration )?hybride\b|\basistente (?:de )?(?:configuración )?híbrid\w+|\bprocedura guidata\b"
)
_NO_CHOICE = linear(
    r"(?i)\b(?:no|kein\w*|aucun\w*|ningún\w*|nessun\w*|geen) (?:\w+ ){0,2}(?:cert\w*|zertifikat\w*)"
    r"(?:\s+(?:is|are|in|to|there|at|on|offered|listed|shown|found|can|available|selectable|appears?|displayed|zur|ist|wird|steht|da"
    r"|angezeigt|disponible|à|dans|pour|en|para|nella|da|in|om|te)\b|\s*[.,;:!?]|\s*$)"
    r"|(?:cert\w*|zertifikat\w*)[^.\n]{0,40}(?:\blist\w*|drop-?down|auswahl\w*|liste)[^.\n]{0,20}\b(?:is |ist "
    r"|bleibt |est |está |è )?"
    r"(?:empty|blank|leer|vide|vac[ií]a|vuot[ao]|leeg)\b"
    r"|(?:cert\w*|zertifikat\w*|\bit\b)[^.\n]{0,30}(?:(?:not|n.t|nicht|never) (?:be )?(?:show|list|appear|offer"
    r"|select|choos|chosen"
    r"|available|detect|angezeigt|aufgeführt|angeboten|auswählbar)|(?:fehlt|missing) (?:in|from))"
    r"|(?:not|n.t|nicht) (?:show|list|offer|find|detect|see)\w* (?:\w+ ){0,3}(?:cert\w*|zertifikat\w*)"
)


@recogniser(r"(?:\bhcw\b|\bwizard\b|assistent|assistant|asistente|procedura guidata)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact, of the line that says so; the wizard may be named on another."""
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    if not reading.claimed or not any(_WIZARD.search(line) for _, line in lines):
        return []
    told = next((index for index, line in lines if _NO_CHOICE.search(line)), None)
    if told is None:
        return []
    fact = Configured(source=source_at(reading, told), kind="wizard-choice", name="certificate", failing=True)
    return [artefact(reading, "told-wizard", [told], [fact], {"certificates": "none to choose"})]
