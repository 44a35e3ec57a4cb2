"""That an address is on no block list, as the person found: "our IP is on no blacklist", "mxtoolbox shows nothing".

Then a receiver's words that only sound like a list's mean its own rule, and a list that it names may be asked wrongly. Read only
beside something else that was pasted.
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

_LIST: Final = r"(?:(?:black|block|deny|spam)[ -]?lists?|(?:dns)?[br]bls?|dnsbls?|blocklists?|sperrlisten?)"
_CHECKERS: Final = (
    r"(?:mx ?toolbox|multirbl|dnsbl\.info|talos|senderscore|hetrix\w*|whatismyipaddress|(?:check\.)?spamhaus(?:\.org)?"
    r"|barracuda\w*)"
)
_NONE: Final = (
    r"no (?:listing|entr(?:y|ies)|hits?|results?|problems?|blacklist\w*)|nothing|none|clean|isn['’]?t listed|doesn['’]?t list"
    r"|not (?:be |been )?(?:black|block)?-?listed|nichts|kein\w*|rien|aucun\w*|nada|ning[uú]n\w*|niente|nessun\w*"
)
_TOLD = linear(
    rf"(?i)\b(?:on|in|at) (?:no|none of the|zero) (?:\w+ ){{0,3}}?{_LIST}\b"
    rf"|\b(?:not|never|isn['’]?t|aren['’]?t|wasn['’]?t) (?:\w+ ){{0,2}}?(?:on|in|at) (?:any|a|one|the) (?:\w+ ){{0,3}}?{_LIST}\b"
    r"|\b(?:is|are|was|were|am|being) (?:not|nowhere|never) (?:\w+ )?(?:(?:black|block)-?)?listed\b"
    r"|\b(?:isn|aren|wasn|weren)['’]?t (?:\w+ )?(?:(?:black|block)-?)?listed\b"
    rf"|\b{_CHECKERS}\b[^.;\n]{{0,40}}?\b(?:{_NONE})\b"
    rf"|\b(?:clean|not listed|nothing|no listing) (?:\w+ )?(?:on|at|in|by) (?:\w+ )?{_CHECKERS}\b"
    rf"|\b(?:steht|stehen|ist|sind|bin) (?:\w+ )?(?:auf|in) kein\w* (?:\w+ )?{_LIST}"
    r"|\b(?:nirgends|nirgendwo|nicht) (?:ge)?(?:black)?list(?:et|ed)\b"
    r"|\b(?:sur|dans) aucune (?:liste noire|blacklist|rbl)|\bpas (?:sur liste noire|black-?list[ée]e?)\b"
    r"|\ben ninguna (?:lista negra|blacklist|rbl)|\bin nessuna (?:lista nera|blacklist|rbl)\b"
    r"|\bop geen enkele (?:zwarte lijst|blacklist)\b"
)
_ASKS = linear(r"^[^.!?]{0,80}\?")  # the sentence itself, and none behind it


@recogniser(rf"\b{_LIST}\b|\b{_CHECKERS}\b|\blisted\b|gelistet|liste? n[oe][ig]|lista n|zwarte lijst", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _TOLD, asked=True):
        if _ASKS.search(told.string[told.end() :]):
            continue
        fact = Configured(source=source_at(reading, index), kind="told-not-listed", name=told.group(0)[:80])
        return [artefact(reading, "told-not-listed", [index], [fact], {"told": fact.name})]
    return []
