"""What somebody tried: "without the rule it runs", "nach dem Deaktivieren des Agents geht es". What cures points at the fault.

Read only beside something else that was pasted.
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
from diagnostics.recognisers.told_settings import answers, stated

_RULE: Final = r"(?:(?:disclaimer|transport|mail ?flow|journal)[ -]?)?(?:rules?|regeln?)\b|r.gles?\b|reglas?\b|regola\b"
_AGENT: Final = (
    r"(?:transport[ -]?)?agents?\b|agente\b|exclaimer|code ?two|anti-?virus|virens\w+|add-?on|(?:dkim[ -]?)?signer"
)
_OFF: Final = (
    r"without|disabl\w+|turn\w* off|switch\w* off|remov\w+|uninstall\w+|ohne|deaktivier\w*|abgeschaltet|sans"
    r"|d.sactiv\w+|sin|desactiv\w+"
    r"|senza|disattiva\w*|zonder|uitgeschakeld"
)
_RUNS: Final = (
    r"(?:it|everything|transport|mail|the (?:service|queue)) (?:all )?(?:runs?|works?|stays? up|flows?|is (?:fine|ok"
    r"|stable))|no (?:more )?crash\w*"
    r"|(?:l.uft|geht|funktioniert) (?:es|alles|er|wieder)|(?:ça|.a|tout) (?:marche|fonctionne)|funciona|funziona|werkt"
)
_CURED = linear(
    rf"(?i)\b(?:{_OFF})\b[^.;\n]{{0,30}}?\b(?:({_RULE})|({_AGENT}))[^.;\n]{{0,40}}\b(?:{_RUNS})"
    rf"|\b(?:({_RULE})|({_AGENT}))[^.;\n]{{0,30}}\b(?:{_OFF})[^.;\n]{{0,30}}\b(?:{_RUNS})"
)
_NOT = linear(r"(?i)\b(?:still|not|n.t|nicht|pas|no longer|never|trotzdem)\b")


@recogniser(rf"\b(?:{_OFF})\b", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each cure."""
    if not answers(reading):
        return []
    found = []
    for index, cured in stated(reading, _CURED):
        if _NOT.search(cured.group(0)):
            continue
        name = "rule" if cured.group(1) or cured.group(3) else "agent"
        fact = Configured(source=source_at(reading, index), kind="told-trial", name=name)
        found.append(artefact(reading, "told-trial", [index], [fact], {"without": name}))
    return found
