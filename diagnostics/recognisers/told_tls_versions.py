"""That a server takes new versions of TLS only: "it supports nothing but TLS 1.2 now", "it worked until TLS 1.0 and 1.1 were
switched off".

What a client of it lacks is seldom told, and follows from that. Read only beside something else that was pasted, or as an answer
in a thread.
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

TLS_VERSIONS: Final = "told-tls-versions"
_NEW: Final = r"TLS ?v?1\.[23]\b"
_OLD: Final = (
    r"(?:(?:SSL|TLS) ?v?(?:1\.[01]|[23](?:\.0)?|1)\b(?:[^.\w\n]{1,3}(?:(?:and|und|et|y|e|en|or) )?(?:(?:SSL|TLS) ?)?v?1\.[01]\b)?"
    r"|\b(?:old(?:er)?|legacy|obsolete|weak|alten?|ältere?n?|anciennes?|antigu\w+|vecchi\w?|oude(?:re)?) "
    r"(?:\w+ )?(?:SSL|TLS|versions? of (?:SSL|TLS))(?:[/ -](?:TLS|SSL|versions?|versionen|protocols?|protokolle))?)"
)
_ONLY: Final = (
    r"only|solely|exclusively|nothing (?:but|other than|below|older than)|anything (?:but|other than|below|older than)"
    r"|nur(?: noch)?|ausschlie.lich|uniquement|seulement|s[oó]lo|solamente|soltanto|alleen(?: nog)?|enkel|tylko|apenas"
    r"|(?:requires?|required|enforces?|enforced|demands?|verlangt|erzwingt|exige|exig\w+|richiede|vereist)"
    r"|(?:at least|minimum(?: version)?(?: of| is| to)?|mindestens|au moins|al menos|almeno|minimaal)"
)
_OFF: Final = (
    r"disabl\w+|turned off|switched off|shut off|deactivated|removed|dropped|retired|deaktiviert|abgeschaltet|d.sactiv\w+"
    r"|desactivad\w+|deshabilitad\w+|disattivat\w|disabilitat\w|uitgeschakeld|uitgezet|wy.?.czon\w+"
)
_RESTRICTED = linear(
    rf"(?i)\b(?:{_ONLY})\b[^.;\n]{{0,40}}?\b{_NEW}|\b{_NEW}(?:[^.;\w\n]{{1,3}}(?:TLS ?)?v?1\.3)? (?:only|exclusively)\b"
    rf"|{_OLD}[^.;\n]{{0,40}}?\b(?:{_OFF})\b"
    rf"|\b(?:switch|turn|shut)(?:ed)? (?:off )?[^.;\n]{{0,24}}?{_OLD} off\b|\b(?:{_OFF})\b[^.;\n]{{0,30}}?{_OLD}"
)
_DENIED = linear(r"(?i)\b(?:not|n.t|never|nicht|no longer|pas) (?:only|yet|been|have|nur|solo|seulement)\b")
# What the client is limited to, or what the far side of an outgoing mail takes, is another matter.
_OTHERS = linear(
    r"(?i)\b(?:clients?|apps?|applications?|scripts?|librar(?:y|ies)|frameworks?|printers?|scanners?|devices?|copiers?|php|java"
    r"|recipient.?s?|partner.?s?|receiving|anwendung|drucker|programm|logiciel|imprimante|impresora|stampante)\b[^.;\n]{0,60}$"
)


@recogniser(r"\b(?:TLS|SSL)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _RESTRICTED):
        before = told.string[: told.start()]
        if not _DENIED.search(told.string[max(0, told.start() - 12) : told.end()]) and not _OTHERS.search(before):
            fact = Configured(source=source_at(reading, index), kind=TLS_VERSIONS, name="new-only")
            return [artefact(reading, TLS_VERSIONS, [index], [fact], {"told": told.group(0).strip()[:80]})]
    return []
