"""That a user name and password are right, as a person tells: "with the same password I can sign in to Outlook on the web".

Then a logon by SMTP that is refused was refused for another reason. Read only beside something else that was pasted, or as an
answer in a thread.
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

_LOGON: Final = (
    r"(?:passwor[dt]s?|kennwort|passw[oö]rter|credentials?|log-?in|account|zugangsdaten|mot de passe|identifiants?|contraseña"
    r"|clave|credenciales|credenziali|wachtwoord|senha|hasł\w+|konto|compte|cuenta)"
)
_WEB: Final = (
    r"(?:owa|outlook(?: on the)?[ -]web|web ?mail|outlook\.(?:office\d*\.)?com|office\.com|portal(?:\.office\.com)?"
    r"|(?:the )?browser|outlook|navegador|navigateur|im web|w przeglądarce)"
)
_RIGHT: Final = (
    r"(?:works?|working|fine|ok|correct|log ?-?in|log ?-?on|sign ?-?in|logs? in|signs? in|anmelden|einloggen|klappt"
    r"|funktionier\w+|geht|connecte[rz]?|marche|fonctionne|entra[rs]?|entro|accede[rs]?|funcion\w+|acced\w+|entr\w+|inlog\w+|werkt|loguj\w+|działa)"
)
_SAME: Final = (
    r"(?:same|this|that|these|those|gleichen?|selben|demselben|denselben|même|mism[oa]s?|stess[oa]|hetzelfde|dezelfde|mesm[oa]"
    r"|tym samym)"
)
_SHOWN = linear(
    rf"(?i)\b{_SAME} (?:user ?name and )?{_LOGON}\b[^.;\n]{{0,40}}?\b{_RIGHT}\b[^.;\n]{{0,24}}?\b{_WEB}\b"
    rf"|\b{_WEB}\b[^.;\n]{{0,40}}?\b{_RIGHT}\b[^.;\n]{{0,24}}?\b{_SAME} (?:user ?name and )?{_LOGON}\b"
    rf"|\b{_RIGHT}\b[^.;\n]{{0,24}}?\b{_WEB}\b[^.;\n]{{0,30}}?\b{_SAME} (?:user ?name and )?{_LOGON}\b"
    rf"|\b{_SAME} (?:user ?name and )?{_LOGON}\b[^.;\n]{{0,30}}?\b{_WEB}\b[^.;\n]{{0,16}}?\b{_RIGHT}\b"
    rf"|\b{_LOGON}\b[^.;\n]{{0,16}}?\b{_RIGHT}\b[^.;\n]{{0,12}}?\b{_WEB}\b"
)
_CLAUSE = linear(r"[^.,;:\n]*$")  # in front of the place, in which a denial stands
_DENIED = linear(r"(?i)n.t\b|\b(?:not|cannot|no longer|neither|nicht|kein\w*|pas|non|niet|não|nie)\b")


@recogniser(rf"\b{_LOGON}", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _SHOWN, asked=True):
        clause = _CLAUSE.search(told.string[: told.start()]).group(0)
        if not _DENIED.search(f"{clause}{told.group(0)}"):
            fact = Configured(source=source_at(reading, index), kind="told-password", name="right")
            return [artefact(reading, "told-password", [index], [fact], {"told": told.group(0)[:80]})]
    return []
