"""That messages with attachments stay unsent while small ones go at once, as a person tells, and that a drive is nearly full.

Drafts is where Outlook on the web keeps what the server has not taken in: so it is the server's submission that waits, and not
a limit, which would be told. Such a text is read without anything pasted beside it, since a failure of this kind shows none.
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
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_DRAFTS: Final = (
    r"(?:drafts?|entw[uü]rfen?|brouillons?|borrador(?:es)?|bozze|concepten|rascunhos|roboczych|utkast|kladder)"
)
_ATTACHED: Final = (
    r"(?:attach(?:ed|ments?)|anh[aä]ng\w{0,3}|anlagen?|pi[eè]ces? jointes?|adjunt\w{1,3}|allegat\w|bijlagen?|anexos?"
    r"|za[lł][aą]cznik\w{0,4}|bilag\w{0,3}|bilag(?:or|a)?|(?:big|large|gro[sß]+e) (?:mails?|messages?))"
)
_KEPT: Final = (
    r"(?:stays?|stuck|remains?|sits?|kept|hangs?|bleib\w{1,3}|h[aä]ng(?:en|t)|lieg(?:en|t)|rest(?:e|ent|an|ano|a)|bloqu\S{1,5}"
    r"|qued(?:a|an)|riman\w{2,3}|blijven|blijft|ficam?|zostaj\S{1,2}|fastnar|ligger)"
)
_STUCK = linear(
    rf"(?i)\b{_ATTACHED}\b[^.\n]{{0,80}}?\b{_KEPT}\b[^.\n]{{0,60}}?\b{_DRAFTS}\b"
    rf"|\b{_KEPT}\b[^.\n]{{0,40}}?\b{_ATTACHED}\b[^.\n]{{0,60}}?\b{_DRAFTS}\b"
    rf"|\b{_ATTACHED}\b[^.\n]{{0,40}}?\b{_DRAFTS}\b[^.\n]{{0,30}}?\b{_KEPT}\b"
)
_SMALL: Final = (
    r"(?:small|tiny|without|plain|text[- ]only|klein\w{0,2}|ohne|petits?|sans|peque\S{1,3}|sin|piccol\w|senza|kleine|zonder"
    r"|pequen\w{1,2}|sem|ma[lł]e|bez|sm[aå]|utan|uden)"
)
_GO: Final = (
    r"(?:go|goes|sent?|fine|ok|work\w{0,2}|leave|immediately|gehen|geht|funktionier\w{1,2}|sofort|raus|part(?:ent|ono|e|em)"
    r"|passent|salen|envi\S{1,4}|van|vanno|gaan|werken|vão|wychodz\S{1,2}|skickas)"
)
_GOES = linear(rf"(?i)\b{_SMALL}\b[^.\n]{{0,50}}?\b{_GO}\b")
_TIGHT: Final = (
    r"(?:full|red|out of space|voll\w{0,2}|rot|kein platz|plein|rouge|saturé|llen[oa]|roj[oa]|pien[oa]|ross[oa]|vol|rood"
    r"|chei[oa]|vermelh[oa]|pe[lł]n\w|czerwon\w|full\w?|röd)"
)
_DRIVE = linear(rf"(?i)\b([A-Z]):\\?[^.;:\n]{{0,40}}?\s{_TIGHT}(?:$|[\s.,;!)])")
# It is a fault, and not how somebody works: it began, or concerns all, or shows no error.
_FAULT = linear(
    r"(?i)\b(?:since|suddenly|all users|everybody|(?:no|without(?: an?)?) errors?|seit|plötzlich|all(?:e|en) usern?"
    r"|kein\w* fehler"
    r"|ohne fehler\w*|depuis|soudain|sans erreur|desde|de repente|sin error\w*|improvvisamente|nessun errore|senza errori|sinds"
    r"|plotseling|zonder fout\w*|sem erro|nagle|bez błęd\w*|plötsligt|utan fel)"
)
_DENIED = linear(r"(?i)n.t\b|\b(?:not|no longer|nicht|kein\w*|pas|non|niet|não|nie)\b")


@recogniser(rf"\b{_DRAFTS}\b", rank=96)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the sentence, and one for the drive."""
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    told = next(((index, line) for index, line in lines if _stuck(line)), None)
    if told is None or not any(_FAULT.search(line) for _, line in lines) or not any(_goes(line) for _, line in lines):
        return []
    fact = Configured(source=source_at(reading, told[0]), kind="told-attachments-stay", name="drafts", failing=True)
    found = [artefact(reading, "told-attachments", [told[0]], [fact], {"told": "drafts"})]
    for index, line in lines:
        drive = next((each for each in _DRIVE.finditer(line) if not _DENIED.search(each.group(0))), None)
        if drive:
            letter = drive.group(1).upper()
            values = (("DriveLetter", letter), ("Told", drive.group(0).strip()))
            volume = Configured(
                source=source_at(reading, index), kind="volume", name=letter, values=values, failing=True
            )
            return [*found, artefact(reading, "told-state", [index], [volume], {"states": [letter]})]
    return found


def _stuck(line: str) -> bool:
    stuck = _STUCK.search(line)
    return bool(stuck and not supposes(line[: stuck.start()]))


def _goes(line: str) -> bool:
    return any(not _DENIED.search(each.group(0)) for each in _GOES.finditer(line))
