"""That a mailbox was made in the cloud, as a person tells: "we gave the account a licence, and the mailbox appeared in M365";
that it is there alone ("he is only in 365"), or that mail to its address in the tenant's own domain, or from people in the
cloud, arrives.

It names no address: the one that was refused is meant. A mailbox that was moved there is not told here, since it has an object
on-premises. Read only beside something else that was pasted, or as an answer in a thread.
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

_CLOUD: Final = (
    r"(?:exchange online|office ?365|microsoft ?365|[om]365|365|exo|the tenant"
    r"|(?:the |der |die |le |la )?(?:cloud|nube|nuvem))"
)
_BOX: Final = (
    r"(?:mailbox|postfach|bo[iî]te(?: aux lettres| mail)?|buz[oó]n|casella(?: di posta)?|postvak|skrzynka"
    r"|caixa(?: de correio)?)"
)
_MADE: Final = (
    r"(?:appeared|(?:was |got |been )?(?:auto-?)?(?:created|provisioned|made|set up)"
    r"|(?:ist |war )?(?:erschien\w*|entstand\w*|angelegt|erstellt|aufgetaucht)"
    r"|(?:a été |est )?(?:créée?s?|apparue?s?)|(?:fue |se )?(?:cre[oó]|cread[oa]s?|apareci[oó])"
    r"|(?:(?:è|sono) stat[aoie] )?(?:creat[aoie]|compars[aoie]|appars[aoie])"
    r"|(?:is )?(?:aangemaakt|verschenen)|(?:foi )?(?:criad[ao]s?|apareceu)"
    r"|(?:został[ay]? )?(?:utworzon[aye]|założon[aye]|pojawił[ao]?))"
)
_WHO: Final = (
    r"(?:users?|accounts?|colleagues?|employees?|benutzer\w*|konto|kolleg\w+|mitarbeiter\w*|utilisat\w+|coll[eè]gue|compte|usuari[oa]"
    r"|cuenta|compañer[oa]|utente|collega|account|gebruiker|medewerker|użytkownik\w*|conta|colaborador\w*)"
)
_IN: Final = (
    r"(?:directly |straight |only |direkt |nur |directement |directamente |direttamente |rechtstreeks |direct )?"
    r"(?:in|im|dans|en|nel|nella|no|na|w|em)\s(?:the |dem |der |den |de |het |le |la |el |do )?"
)
_MADE_THERE = linear(
    rf"(?i)\b{_BOX}\b[^.;\n]{{0,30}}?(?:^|\s){_MADE}[^.;\n]{{0,25}}?\b{_CLOUD}\b"
    rf"|\b{_BOX}\b[^.;\n]{{0,30}}?\b{_CLOUD}\s[^.;\n]{{0,12}}?{_MADE}"
    rf"|(?:^|\s){_MADE}[^.;\n]{{0,20}}?\b{_BOX}\b[^.;\n]{{0,20}}?\b{_CLOUD}\b"
    rf"|\b{_WHO}\s[^.;\n]{{0,30}}?(?:^|\s)?{_MADE}\s{_IN}{_CLOUD}\b|\b{_WHO}\s[^.;\n]{{0,12}}?{_IN}{_CLOUD}\s[^.;\n]{{0,16}}?{_MADE}"
    rf"|(?:^|\s){_MADE}[^.;\n]{{0,20}}?\b{_WHO}\s{_IN}{_CLOUD}\b"
)
_HIM: Final = rf"(?:{_BOX}|{_WHO}|recipients?|empf.nger|destinataire|he|she|er|sie|il|elle|[eé]l|ella)"
_ONLY: Final = r"(?:only|just|solely|nur|seulement|uniquement|sol[oa]mente|solo|soltanto|alleen|só|apenas|tylko)"
_IS: Final = (
    r"(?:is|exists?|lives|sits|resides|ist|liegt|existiert|gibt es|est|existe|est.|è|esiste|vive|bestaat|staat|jest"
    r"|istnieje)"
)
_ONLY_THERE = linear(
    rf"(?i)\b{_HIM}\b[^.,;\n]{{0,30}}?(?:^|\s){_IS}\s(?:\w+ )?{_ONLY} (?:in|on|im|auf|en|dans|sur|su|op|no|na"
    rf"|w)? ?(?:the |der |le |la )?{_CLOUD}\b"
)
_ROUTED = linear(
    r"(?i)\b(?:to|send|write|mail|use|an|à|a|naar|para|do|schicke|envoie|env.o|invio)\s[^\n;]{0,40}?\.onmicrosoft\.com\b[^.;\n]{0,40}?"
    r"\b(?:works?|arrives?|(?:is|gets?) (?:sent|delivered|received)|goes|fine|ok|geht|kommt an|funktioniert|marche|arrive|llega"
    r"|funciona|funziona|arriva|werkt|komt aan|dzia\w+)\b"
)
_REACHED = linear(
    r"(?i)\b(?:(?:e-?)?mails?|messages?|mensajes?|correos?|courriels?|nachrichten|messaggi)\b[^.;\n]{0,24}?"
    r"\b(?:with|from|by|sent in|inside|within|mit|von|aus|innerhalb|avec|de|des|desde|dentro de|da|dal|dalla)\s(?:\w+ ){0,2}?"
    rf"{_CLOUD}\b[^.;\n]{{0,30}}?\b(?:normally|as usual|works?|fine|arrives?|reach(?:es)?|gets? (?:there|through)|ganz normal"
    r"|kommen an|kommt an|funktioniert|erreich\w+|arrivent?|fonctionne\w*|marche\w*|llegan?|funciona\w*|arrivano?|funziona\w*)\b"
)
_DENIED = linear(r"(?i)\b(?:not|never|n.t|nicht|nie|pas|non|niet|não)\b")
_ASKED = linear(r"^[^.!?;\n]*\?")
_NONE = linear(
    r"(?i)\b(?:no|without|kein\w*|ohne|aucune|sans|ning[uú]n|sin|nessuna|senza|geen|zonder|nenhuma|sem)\s+(?:\w+ )?$"
)


@recogniser(rf"(?:\b(?:{_BOX}|{_WHO})\b|{_ONLY} (?:\w+ )?{_CLOUD}|\.onmicrosoft\.com\b)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence: Exchange Online has the refused recipient."""
    if not answers(reading):
        return []
    for name, pattern in (("only", _ONLY_THERE), ("made", _MADE_THERE), ("routed", _ROUTED), ("reached", _REACHED)):
        for index, told in stated(reading, pattern, asked=True):
            before, behind = told.string[: told.start()], told.string[told.end() :]
            if not _ASKED.search(behind) and not _denied(before, told.group(0)):
                fact = Configured(source=source_at(reading, index), kind="told-cloud-mailbox", name=name)
                return [artefact(reading, "told-cloud-mailbox", [index], [fact], {"told": told.group(0)[:80]})]
    return []


def _denied(before: str, told: str) -> bool:
    return bool(_DENIED.search(told) or _NONE.search(before[-40:]))
