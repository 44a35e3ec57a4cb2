"""That certificates of the server were deleted, as a person tells: "we tidied the certificates up, only the bought one is left";
that a certificate's own dates hold: "the dates appear valid", "it hasn't expired"; and that it was renewed: "certbot renewed it
last week".

Read only beside something else that was pasted, or as an answer in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import OwnName
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import answers, stated

_CERTIFICATES: Final = r"(?:cert(?:s|ificates?|ificats?|ificados?|ificat[io]|ificaten|yfikat\w*)?|zertifikat\w*)"
# \S for the letters of a stem's end: RE2's \w is ASCII.
_CERTIFICATE = linear(rf"(?i)\b{_CERTIFICATES}\b")
_DELETED: Final = (
    r"(?:deleted?|deleting|remov(?:ed|ing|al of)|clean(?:ed|ing|-?up| up)|tid(?:ied|ying)|purg(?:ed|ing)"
    r"|thr(?:ew|own) (?:out|away)|got rid of|gelöscht|löschten?|entfernt|aufgeräumt|bereinigt|ausgemistet"
    r"|supprim\S{1,5}|effac\S{1,5}|nettoy\S{1,5}"
    r"|ménage|borr(?:ad\S{1,2}|amos|é|ó|aron)|elimin(?:ad\S{1,2}|amos|é|ó|aron|at\S|ei|ou)|limpi\S{1,5}|cancellat\S|rimoss\S"
    r"|pulizia|verwijderd|opgeruimd|opgeschoond|apag(?:ad\S{1,2}|amos|uei|ou)|removi\S{1,3}|usun\S{1,6}|skasow\S{1,5})"
)
_TIDIED = linear(
    rf"(?i)(?:^|[\s(]){_DELETED}\s[^.;\n]{{0,40}}?\b{_CERTIFICATES}\b"
    rf"|\b{_CERTIFICATES}\s(?:[^.;?\n]{{0,24}}?\s)?{_DELETED}(?:$|[\s.,;:)!])"
)
_HOLDS = linear(
    r"(?i)\b(?:dates?|validity|it|cert(?:ificate)?)\b[^.;\n]{0,24}?\b(?:appears?|looks?|seems?|is|are)\b "
    r"(?:(?:all|still|perfectly|quite|to|be|to me) ){0,3}(?:valid|fine|ok|correct|right|in order)\b"
    r"|\b(?:has ?n.t|has not|is not|is ?n.t|not yet|did ?n.t|never) expired?\b"
    r"|\b(?:still|noch|toujours|todav.a|ancora|nog) (?:valid\w?|gültig|valable|v.lid\w|valid\w|geldig)\b|\bnicht abgelaufen\b"
)
_NEW: Final = (
    r"(?:renew(?:ed|al|ing|s)?|reissued|replaced|updated|erneuert|verl.ngert|ausgetauscht|renouvel\S{1,4}|remplac\S{1,3}|renovad\S{1,2}"
    r"|reemplazad\S{1,2}|rinnovat\S|sostituit\S|vernieuwd|vervangen|odnowi\S{1,5})"
)
_MADE_NEW: Final = r"let.?s ?encrypt|lets encrypt|certbot|acme(?:\.sh)?|ssl|tls"
_RENEWED = linear(
    rf"(?i)\b(?:{_CERTIFICATES}|{_MADE_NEW})\b[^.;?\n]{{0,40}}?\b{_NEW}(?:$|[\s.,;:)!])"
    rf"|(?:^|[\s(]){_NEW}\s(?:\S+ ){{0,4}}(?:{_CERTIFICATES}|{_MADE_NEW})\b"
)
# The name that came with it: "the new certificate is for mail.contoso.com", "(nouveau nom mail.contoso.com)".
_HOST: Final = r"((?:\*\.)?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,6}\.[a-z]{2,24})\b"
_NEWLY: Final = (
    r"new|now|neue?[rsmn]?|nouvel\w{0,2}|nouveau|nuev[oa]|nuov[oa]|nieuwe?|nov[oa]|nowy?\w?|jetzt|d.sormais|ahora"
)
_OF_NAME: Final = r"names?|nom|nombre|nome|naam|nazwa|cn|subject|common name|hostname|hostnamen"
_BETWEEN: Final = (
    rf"is|ist|lautet|est|es|è|auf|to|for|f.r|pour|para|per|voor|hei.t|named|called|issued|the|now|der|a|au|{_OF_NAME}"
)
_BORE: Final = rf"(?:\s?[=:(,]\s?|\s+(?:{_BETWEEN})){{0,5}}[\s\"'`=]{{0,3}}(?:cn=)?"
_OF_KIND: Final = r"(?:(?:public|wildcard|ssl|tls|exchange|edge)[ -]){0,2}"
_NEW_NAME = linear(rf"(?i)\b(?:{_NEWLY})\s(?:(?:{_OF_NAME})|{_OF_KIND}{_CERTIFICATES})\b{_BORE}{_HOST}")
_ABOUT = linear(rf"(?i)\b(?:{_CERTIFICATES}|dat(?:es?|um|en|as?)|validity|dateinvalid)\b")
_DENIED = linear(
    r"(?i)\b(?:please|will|going to|plan\w*|bitte|wollen|möchten|not|never|n.t|no|nothing|nicht|kein\w*|nie|nichts|pas"
    r"|rien|aucun\w*|nada|nunca|non|niente|niet|geen|não)\b"
)
_SENT = linear(
    r"(?i)\bSmtpSend\b[^\n]{0,200}\*,\s?\"?\s?CN=([A-Za-z0-9*][A-Za-z0-9.-]{0,80})[^\n]{0,120}?,\s?Certificate subject"
)
_RECEIVED = linear(r"(?i)\b(?:remote|received) certificate\b")
# Of a phone, a browser or another company's server: not of Exchange.
_OTHERS = linear(r"(?i)\b(?:browser|phone|client|printer|laptop|pc|trusted root|root ca|wurzel\w*)\b")


@recogniser(rf"\b{_CERTIFICATES}\b|\b(?:let.?s ?encrypt|certbot|acme)\b", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence of each kind."""
    told = [*_deleted(reading), *_valid(reading), *_renewed(reading), *_renamed(reading)] if answers(reading) else []
    return told or _logged(reading)


def _renamed(reading: Reading) -> Sequence[Artefact]:
    for index, told in stated(reading, _NEW_NAME):
        if _CERTIFICATE.search(told.string):
            name = str(told.group(1)).lower()
            fact = OwnName(source=source_at(reading, index), name=name)
            return [artefact(reading, "told-certificates", [index], [fact], {"name": name})]
    return []


def _logged(reading: Reading) -> Sequence[Artefact]:
    """A piece of the log for sending that somebody quotes in a line of their own: the certificate that this server showed."""
    for index, line in reading.sentences():
        told = _SENT.search(line[:1000])
        if told and not _RECEIVED.search(line[: told.start()]):
            fact = OwnName(source=source_at(reading, index), name=str(told.group(1)).lower())
            return [artefact(reading, "told-certificates", [index], [fact], {"name": fact.name})]
    return []


def _valid(reading: Reading) -> Sequence[Artefact]:
    told = next(stated(reading, _HOLDS), None)
    if told is None or not _ABOUT.search(told[1].string):
        return []
    fact = Configured(source=source_at(reading, told[0]), kind="told-certificate-valid", name="dates")
    return [artefact(reading, "told-certificates", [told[0]], [fact], {"told": told[1].group(0).strip()[:80]})]


def _renewed(reading: Reading) -> Sequence[Artefact]:
    for index, told in stated(reading, _RENEWED):
        words = told.string[max(0, told.start() - 30) : told.end()]
        if not _DENIED.search(words) and not _OTHERS.search(words):
            fact = Configured(source=source_at(reading, index), kind="told-certificate-renewed", name="renewed")
            return [artefact(reading, "told-certificates", [index], [fact], {"told": told.group(0).strip()[:80]})]
    return []


def _deleted(reading: Reading) -> Sequence[Artefact]:
    for index, told in stated(reading, _TIDIED):
        began = told.string.rfind(". ", 0, told.start()) + 1  # what another sentence denies is another thing
        words = told.string[max(began, told.start() - 40) : told.end()]
        if not _DENIED.search(words) and not _OTHERS.search(words):
            fact = Configured(source=source_at(reading, index), kind="told-certificates-deleted", name="certificates")
            return [artefact(reading, "told-certificates", [index], [fact], {"told": told.group(0).strip()[:80]})]
    return []
