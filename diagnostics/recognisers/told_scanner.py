"""That security software came to the machines or was changed there: "since we rolled out the new endpoint security".

Read only beside something else that was pasted, or as an answer in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import answers, stated

KIND: Final = "told-scanner"
_PRODUCT: Final = (
    r"endpoint (?:security|protection|agent|client)|anti-?virus\w{0,12}|virus ?scanners?|viren(?:schutz|scanner)\w{0,12}|[ex]dr"
    r"|mcafee|trellix|symantec|trend micro|apex one|eset|kaspersky|bitdefender|crowdstrike|sentinelone|defender for endpoint"
    r"|sophos (?:endpoint|intercept)|withsecure|f-secure"
)
_CAME: Final = (
    r"rolled out|roll(?:out|ing out)|installed|deployed|updated|upgraded|switched|migrated|introduced|changed|new|update|upgrade"
    r"|installiert\w?|ausgerollt\w?|eingeführt\w?|aktualisiert\w?|umgestellt|gewechselt|getauscht|neue[nmrs]?"
    r"|installé\w{0,2}|déployé\w{0,2}|mis à jour|nouve(?:l|au|lle)|instalad[oa]|desplegad[oa]|actualizad[oa]|nuev[oa]"
    r"|installat[oa]|aggiornat[oa]|nuov[oa]|geïnstalleerd|uitgerold|nieuwe?|zainstalow\w{1,4}|now(?:y|ego)"
)
_TOLD = linear(
    rf"(?i)(?:^|[\s(])(?:{_CAME})\s(?:[^.;?\n]{{0,40}}?[\s(])?(?:{_PRODUCT})(?:$|[\s.,;:)!])"
    rf"|(?:^|[\s(])(?:{_PRODUCT})\s(?:[^.;?\n]{{0,40}}?\s)?(?:{_CAME})(?:$|[\s.,;:)!])"
)
_DENIED = linear(r"(?i)\b(?:no|not|never|n.t|nothing|nicht|kein\w*|nie|pas|aucun\w*|ningún|non|geen|niet)\b")
_BEFORE: Final = 16  # characters


@recogniser(rf"\b(?:{_PRODUCT})", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    told = next((each for each in stated(reading, _TOLD) if not _denied(each[1])), None)
    if told is None:
        return []
    words = told[1].group(0).strip()[:80]
    fact = Configured(source=source_at(reading, told[0]), kind=KIND, name="changed", values=(("Told", words),))
    return [artefact(reading, KIND, [told[0]], [fact], {"told": words})]


def _denied(found: Any) -> bool:
    """Whether the statement, or the words right before it, say no."""
    return bool(_DENIED.search(found.string[max(0, found.start() - _BEFORE) : found.end()]))
