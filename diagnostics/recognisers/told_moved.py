"""That the mail moved to another provider and a program stayed behind, as a person tells: "since we moved to 365 the scanner …".

The host that such a program is set to is then the former one's. Read only beside something else that was pasted.
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
from diagnostics.recognisers.told_settings import MOST_LINES, answers, stated

_NEW: Final = (
    r"(?:exchange online|(?:office |microsoft |[om])?365|google workspace|gmail|the cloud"
    r"|(?:die|der) cloud|le cloud|la nube|nuvem|(?:a |another |new |neue[nm]? |anderen "
    r"|nouve\w+ |nuevo |nuovo |nieuwe )(?:mail ?)?(?:provider|host(?:er|ing)?|anbieter"
    r"|h.bergeur|fournisseur|proveedor|gestore|fornitore)|(?:neuen|anderen) (?:provider|hoster))"
)
_MOVE: Final = (
    r"(?:migrat\w*|mov(?:ed?|ing)|switch(?:ed|ing)?|chang(?:ed?|ing)|cut ?-?over|umzug|umgezogen|umstellung|umgestellt"
    r"|migrier\w*|wechsel\w*|gewechselt|migr(?:é\S{0,2}|ado|ação|ación|azione|acj\w|ati|iamo|amos)|passage|passés?|pasamos|cambi\w+|passa(?:ti|to|mos|ggio)"
    r"|overgestapt|verhui\w+|przenie\w+|przesz\S+)"
)
_MX: Final = (
    r"\bMX\b[^.;\n]{0,24}?(?:switched|changed|moved|pointed|umgestellt|geändert|umgezogen|chang\S{1,2}|bascul\S{1,2}|cambi\w+"
    r"|aangepast|omgezet|mudad\w|przepi\S+|zmieni\S+)|(?:switched|changed|moved|przepi\S+|zmienili\S+|cambiamos|cambiato|basculé"
    r"|changé|mudamos)\b? (?:the |our |o |el |il |le |l.)?(?:record )?MX\b"
)
_MOVED = linear(rf"(?i)(?:^|[\s(]){_MOVE}\s[^.;\n]{{0,24}}?{_NEW}\b|\b{_NEW}\s(?:[^.;\n]{{0,20}}\s)?{_MOVE}|{_MX}")
_SINCE = linear(
    r"(?i)\b(?:since|after|when we|following|seit\w*|nach(?:dem)?|depuis|apr.s|desde|despu.s|tras|dopo|sinds|na|depois|po|od)\b"
)
_PROGRAM = linear(
    r"(?i)\b(?:app(?:lication)?s?|program\w*|software|scanners?|printers?|copiers?|MFPs?|devices?|scripts?"
    r"|web ?(?:site|shop|form)|ERP|CRM|WMS|SAP|NAS|UPS|anwendung\w*|drucker|kopierer|ger.te?|logiciel\w*|imprimante\w*"
    r"|copieur\w*|aplicaci.n|impresora\w*"
    r"|programa|gestionale|stampante\w*|applicazione|printer\w*|scann?er\w*|drukark\w*|skaner\w*|impressora\w*|sistema)\b"
)


@recogniser(rf"(?:{_NEW}|\bMX\b)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence, where the text speaks of a program or device."""
    if not answers(reading) or not any(_PROGRAM.search(line[:1000]) for _, line in reading.sentences()[:MOST_LINES]):
        return []
    for index, told in stated(reading, _MOVED, asked=True):
        if _SINCE.search(told.string[: told.end()]):
            fact = Configured(source=source_at(reading, index), kind="told-moved", name="provider")
            return [artefact(reading, "told-moved", [index], [fact], {"told": told.group(0).strip()[:80]})]
    return []
