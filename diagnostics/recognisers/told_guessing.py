"""That strangers try to log on, as a person tells beside what the server showed: "many login attempts from random addresses".

Read beside something else that was pasted, or beside the AUTH that a server offered them.
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
from diagnostics.recognisers.told_settings import MOST_LINES, in_sight, stated

_LOGON: Final = r"(?:auth\w*|log-?(?:in|on)s?|password|sign-?ins?)"
_TRIES: Final = (
    rf"{_LOGON} (?:attempts?|requests?|attacks?|tries)|(?:attempts?|requests?|tries|trying) (?:\w+ ){{0,2}}?{_LOGON}\b"
    r"|anmeldeversuche?|tentatives? (?:de connexion|d.authentification)|intentos? de (?:inicio|autenticaci.n|acceso)"
    r"|tentativi di (?:accesso|autenticazione)|inlogpogingen"
)
_MANY: Final = (
    r"\b(?:random|unknown|foreign|strange\w*|many|huge|lots? of|thousands|hundreds|constant\w*|continu\w*|endless|spam\w*"
    r"|suspicious|malicious|hack\w*|bots?|various|different (?:ips?|addresses|countries)"
    r"|from (?:the )?(?:outside|internet|abroad)"
    r"|viele|tausende|fremde[rn]?|unbekannte[rn]?|nombreuses|inconnue?s|muchos|desconocid[ao]s|molti|sconosciuti|veel|onbekende)\b"
)
_NAMED: Final = r"\bbrute[ -]?forc\w*|\bpassword[ -]?(?:spray|guess)\w*|\bdictionary attacks?\b"
_GUESSING = linear(rf"(?i){_NAMED}|(?:{_MANY})[^.;?\n]{{0,60}}(?:{_TRIES})|(?:{_TRIES})[^.;?\n]{{0,60}}(?:{_MANY})")
_OFFERED = linear(r"\bAUTH (?:NTLM|LOGIN|PLAIN|GSSAPI)\b|\bX-EXPS\b")


@recogniser(
    rf"(?:{_TRIES}|brute[ -]?forc|password[ -]?(?:spray|guess)|dictionary attack)",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not in_sight(reading) and not any(_OFFERED.search(line[:2_000]) for line in reading.paste.lines[:MOST_LINES]):
        return []
    for index, told in stated(reading, _GUESSING, asked=True):
        fact = Configured(source=source_at(reading, index), kind="told-guessing", name="strangers")
        return [artefact(reading, "told-guessing", [index], [fact], {"told": told.group(0)[:60]})]
    return []
