"""To whom relaying is refused: that an application or a device reaches inside recipients only ("the scanners can send to internal
addresses, external fails"), or that mail to somebody outside is what fails ("when we send to an external recipient").

It is how a refusal to relay looks to who has no log of it. Read only beside something else that was pasted, or as an answer in
a thread; an outage of all mail to the outside is another matter, so who sends must be told.
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

SENDERS: Final = (
    r"scan\w*|printers?|copiers?|MF[DP]s?|multi-?function\w*|devices?|appliances?|applications?|apps?|scripts?"
    r"|web ?(?:server|site)s?|cameras?|UPS|NAS|ERP|CRM|SAP|drucker|kopierer|ger.te?"
    r"|anwendung\w*|imprimantes?|scanners?|copieurs?|impresoras?|stampant\w"
)
_WHO = linear(rf"(?i)\b(?:{SENDERS})\b")
_IN: Final = r"\bintern\w*|\binside\b|\bour own\b|\binnerhalb\b"
_OUT: Final = r"\bextern\w*|\boutside\b|\bother (?:domains|organi[sz]ations)\b|\bgmail\b|\baußerhalb\b"
_FAILS: Final = (
    r"\b(?:fail\w*|bounc\w*|reject\w*|refus\w*|den(?:y|ied)|errors?|\w{2,6}n't|not|cannot|nothing|never|nicht|kein\w*|schl.gt|abgelehnt"
    r"|chou\w*|pas|refus\w*|rechaz\w*|no|non|falla\w*)\b"
)
_FINE: Final = (
    r"\b(?:works?|fine|ok|only|arrives?|goes|can|delivered|geht|gehen|nur|funktionier\w*|seulement|marche\w*|solo"
    r"|funciona\w*)\b"
)
_ONLY_INSIDE = linear(rf"(?i)(?:{_FINE})[^.;\n]{{0,60}}(?:{_IN})|(?:{_IN})[^.;\n]{{0,60}}(?:{_FINE})")
_NOT_OUTSIDE = linear(rf"(?i)(?:{_OUT})[^.;\n]{{0,60}}(?:{_FAILS})|(?:{_FAILS})[^.;\n]{{0,60}}(?:{_OUT})")
_OUTWARD = linear(
    r"(?i)\b(?:send\w*|sent|mail\w*|messages?|relay\w*|write|reply|deliver\w*)\b[^.;\n]{0,60}\bto (?:an? |any |all |the |our )?"
    r"(?:external|outside|internet|foreign)(?: e-?mail)? (?:recipients?|address(?:es)?|domains?|users?|mailbox\w*|contacts?"
    r"|people)\b"
    r"|\ban (?:eine[nm]? )?externen? (?:Empf.nger|Adressen?|Domains?)|\b. (?:un|des|les) (?:destinataires?|adresses?) externes?"
    r"|\ba (?:un )?(?:destinatario|direcci.n|indirizz[oi])s? (?:extern|estern)\w"
)


@recogniser(rf"(?:{_IN}|{_OUT}|\binternet\b|\bforeign\b|\bestern)", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """At most one artefact: that inside works says more."""
    if not answers(reading):
        return []
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    told = [(index, line) for index, line in lines if not line.rstrip().endswith("?")]
    return _inside_only(reading, told) or _outward(reading, told)


def _outward(reading: Reading, told: list[tuple[int, str]]) -> Sequence[Artefact]:
    for index, line in told:
        found = _OUTWARD.search(line)
        if found and not supposes(line[: found.start()].rpartition(".")[2]):
            fact = Configured(source=source_at(reading, index), kind="told-outward", name="recipient")
            return [artefact(reading, "told-relaying", [index], [fact], {"told": "outward"})]
    return []


def _inside_only(reading: Reading, told: list[tuple[int, str]]) -> Sequence[Artefact]:
    """On the line that tells of the outside, in a text that tells of the inside and of who sends."""
    if not any(_WHO.search(line) for _, line in told) or not any(_ONLY_INSIDE.search(line) for _, line in told):
        return []
    for index, line in told:
        found = _NOT_OUTSIDE.search(line)
        if found and not supposes(line[: found.start()].rpartition(".")[2]):
            fact = Configured(source=source_at(reading, index), kind="told-inside-only", name="application")
            return [artefact(reading, "told-relaying", [index], [fact], {"told": "inside only"})]
    return []
