"""That mail comes from a new place since a move, as a person tells: a web form on a new host, a program behind a new line.

Such mail is filed as junk, lost or late, and nothing is shown: so it is read without anything pasted beside it, where the move,
what sends and what became of the mail are all told. Who sends, and where to, is the reader's own in both.
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
from diagnostics.recognisers.told_settings import MOST_LINES

_FORM: Final = (
    r"(?:(?:contact|web|booking|order)[ -]?forms?|(?:kontakt|web|bestell)-?formular\w*|formulaires?(?: de contact)?"
    r"|formularios?(?: de contacto)?|modul[oi](?: di)? contatt[oi]|moduli? (?:web|del sito)|contactformulier\w*|formulários?"
    r"|formularz\w*|woocommerce|word ?press|web ?shop|mail\(\))"
)
_HOSTED: Final = (
    r"(?:(?:new|other|another|different) (?:web ?)?(?:host(?:er|ing)?|server|provider)|neue[nmrs]? (?:web)?(?:host(?:er"
    r"|ing)?|server"
    r"|anbieter|provider)|anderen (?:web)?host\w*|nouve(?:l|au) (?:hébergeu?r?|hébergement|serveur)|nuevo (?:hosting"
    r"|servidor|proveedor)"
    r"|nuovo (?:hosting|server|provider|fornitore)|nieuwe (?:hosting|host|server|provider)|novo (?:hosting|servidor|hospedagem)"
    r"|now\w* (?:hosting|serwer)\w*|(?:moved|migrated) (?:the |our )?(?:web ?site|site|web ?shop))"
)
_LOST: Final = (
    r"(?:spam|junk|not (?:arriv|deliver)\w*|n.t arrive\w*|never arrive\w*|quarantin\w*|kommen nicht an|kommt nicht an|unerwünscht"
    r"|indésirables?|n.arriv\w+ (?:pas|plus)|no llegan?|correo no deseado|non arriv\w+|posta indesiderata|ongewenst"
    r"|komen niet aan"
    r"|não cheg\w+|nie docho\w+)"
)
_LINE: Final = (
    r"(?:(?:new|other|another|different) (?:public )?(?:ip|line|isp|internet line|provider|fib(?:er|re))"
    r"|neue[nrs]? (?:öffentliche )?"
    r"(?:ip|leitung|internetleitung|anschluss|provider|glasfaser)|andere[nr]? leitung|nouvelle (?:ip|ligne|fibre|adresse)"
    r"|(?:otra|nueva) (?:ip|l[ií]nea|fibra)|ip nueva|nuov[ao] (?:ip|linea)|altra linea|nieuwe? (?:ip|lijn|verbinding)"
    r"|nov[ao] (?:ip|linha|link)|now\w+ (?:ip|łącz\w+))"
)
_HOURS: Final = r"(?:hours?|hrs?|stunden?|heures?|horas?|or[ae]|uur|uren|godzin\w*|h)"
_LATE: Final = (
    rf"(?:(?:takes?|took|tak(?:en|ing)|need|dauer\w*|brauch\w*|mett(?:ent|re|ait)|prend\w*|tardan?|tardando|demoran?"
    rf"|impieg\w+|ci mett\w+"
    rf"|duurt|duren|demoram?|trwa\w*|idą)[^.;\n]{{0,20}}?\d{{1,2}}(?: ?(?:-|to|bis|à|a|o|tot|do) ?\d{{1,2}})? ?{_HOURS}"
    rf"|\d{{1,2}} ?{_HOURS} (?:late|later|delay\w*|verspätet|später|de retard|de retraso|de atraso|di ritardo|te laat"
    rf"|opóźnienia))"
)
_CLOUD: Final = r"(?:exchange online|(?:office |microsoft |[om])?365|exo)"
_OVER_FORM = linear(rf"(?i)\b{_FORM}")
_ON_HOST = linear(rf"(?i)\b{_HOSTED}\b")
_IS_LOST = linear(rf"(?i)\b{_LOST}\b")
_ON_LINE = linear(rf"(?i)\b{_LINE}\b")
_IS_LATE = linear(rf"(?i)\b{_LATE}\b")
_IN_CLOUD = linear(rf"(?i)\b{_CLOUD}\b")
_IS_MAIL = linear(
    r"(?i)\b(?:e-?mails?|mails|messages?|mailbox\w*|inbox\w*|nachrichten|postf[aä]ch\w*|courriels?|courriers?|bo[iî]tes?"
    r"|correos?|mensajes?|buz[oó]n\w*|messaggi|caselle?|berichten|postvak\w*|caixas?|wiadomo\S+|skrzyn\w+)"
)
_NONE = linear(
    r"(?i)(?:^|\s)(?:no|not|never|without|kein\w*|nie|nicht|sans|plus de|pas de|sin|ningún|nessun\w*|geen|sem|bez)\s+$"
)
_ALL: Final = (
    ("told-web-host", (_ON_HOST, _OVER_FORM, _IS_LOST)),
    ("told-late", (_ON_LINE, _IS_LATE, _IN_CLOUD, _IS_MAIL)),
)


@recogniser(rf"\b(?:{_HOSTED}|{_LINE})\b", rank=99)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each of the two that is told as a whole; another finding beside it says more."""
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    found = []
    for kind, patterns in _ALL:
        at = [next((index for index, line in lines if _told(pattern, line)), -1) for pattern in patterns]
        if -1 not in at and not reading.claimed:
            fact = Configured(source=source_at(reading, at[0]), kind=kind, name="new", failing=True)
            found.append(artefact(reading, "told-new-sender", sorted(set(at)), [fact], {"told": kind}))
    return found


def _told(pattern: Any, line: str) -> bool:
    """Whether `line` says it and does not deny it."""
    return any(not _NONE.search(line[: match.start()][-20:]) for match in pattern.finditer(line))
