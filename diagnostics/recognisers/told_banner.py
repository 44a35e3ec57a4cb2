"""What a person tells of a banner: "telnet shows only a black screen", "the server name is masked with asterisks".

Windows' telnet clears its window once it is connected, so a blank one is a server, or something in its place, that keeps silent.
Asterisks are what a firewall writes that inspects SMTP.
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

_EMPTY: Final = "blank|black|empty|leere[nrs]?|schwarze[nrs]?|vide|noir|vac[ií]a|negra|vuot[ao]|ner[ao]|leeg|zwart"
_BLANK = linear(
    rf"(?i)\b(?:{_EMPTY}) (?:\w+ )?(?:screen|window|console|prompt|bildschirm|fenster|scherm)\b"
    rf"|\b(?:écran|fenêtre|pantalla|ventana|schermo|finestra|scherm) (?:\w+ )?(?:{_EMPTY})\b|\bno (?:smtp )?banner\b"
    r"|\b(?:banner|greeting) (?:never|does ?n.t|does not|did ?n.t|did not) (?:appear|come|show|arrive)\w*"
)
_PORT = linear(r"(?i)\btelnet\w*\b[^\n]{0,200}\b(?:25|smtp)\b|\b(?:25|smtp)\b[^\n]{0,200}\btelnet")
_STARS: Final = r"asteri(?:sk|x|c)s?|asterisk\w*|sternchen|ast[ée]risques?|asteriscos?|asterischi|sterretjes|\*{6,}"
_MASKED = linear(
    rf"(?i)\b(?:banner|greeting|telnet|220|server ?name|begr.+ung|banni.re|saludo)\b[^\n]{{0,160}}?(?:\b(?:{_STARS})|\*{{6,}})"
)


@recogniser(rf"\btelnet|\b(?:{_STARS})", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    for index, line in reading.sentences()[:MOST_LINES]:
        text = line[:1000]
        masked = _MASKED.search(text)
        if masked and not line.rstrip().endswith("?") and not supposes(text[: masked.start()]):
            fact = Configured(source=source_at(reading, index), kind="told-masked", name="banner")
            return [artefact(reading, "told-banner", [index], [fact], {"banner": "asterisks"})]
        blank = _BLANK.search(text)
        if blank is None or not _PORT.search(text) or line.rstrip().endswith("?") or supposes(text[: blank.start()]):
            continue
        fact = Configured(source=source_at(reading, index), kind="told-silent", name="banner", failing=True)
        return [artefact(reading, "told-banner", [index], [fact], {"port": 25, "banner": "none"})]
    return []
