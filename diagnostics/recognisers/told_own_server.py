"""That the server which refuses an address is the reader's own, as people tell it: nobody can write to them, their box rejects an
alias that they made, or they name the mail system that they run.

Mail systems of all makers say "User unknown", to a stranger and to their own administrator alike, so the words alone leave open
whose server it was. Read only beside something else that was pasted, and not where the text tells of mail to somebody outside.
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

_MAIL: Final = (
    r"(?:e-?mails?|mails?|messages?|nachrichten|courriels?|courriers?|correos?|mensajes?|posta|messaggi|mensagens"
    r"|berichten)"
)
_MINE: Final = (
    r"(?:my|our|unser\w{0,2}|mein\w{0,2}|notre|nos|mon|mes|nuestr\w{1,2}|mis?|nostr\w|mi[oe]i?|noss\w{1,2}|meus?"
    r"|onze|ons|mijn)"
)
_SERVER: Final = (
    r"(?:(?:own|new|local|mail|e-?mail|smtp|home|self[ -]?hosted|eigen\w{0,2}|propre|propio) ?){0,3}(?:mail-?|e-?mail-?)?"
    r"(?:servers?|box|vps|instance|instanz|serveur|servidor|installation|setup|host|machine)"
)
# Mail systems and panels that people run themselves.
_PRODUCTS: Final = (
    r"mailcow|docker-?mailserver|dms|mailu|modoboa|yunohost|iredmail|virtualmin|ispconfig|plesk|cpanel|directadmin"
    r"|hestia(?:cp)?|vesta(?:cp)?"
    r"|froxlor|keyhelp|cyberpanel|aapanel|hmailserver|mailenable|smartermail|zimbra|kerio|mdaemon|icewarp|axigen|citadel|kopano"
    r"|zarafa|stalwart|maddy|poste\.io|postfix-?admin|mail-?in-?a-?box|miab|mailplus|synology mail|nethserver|zentyal|univention"
    r"|cyrus|dovecot|postfix|exim ?4?|sendmail|qmail|opensmtpd|haraka|sogo|vpopmail|qmailtoaster|scalix|xmail"
    r"|argosoft|surgemail|communigate"
)
_NOT: Final = (
    r"(?:can(?:'?t|not| not)|can no longer|could ?n[o']t|unable to|don'?t|doesn'?t|do not|does not|never|no longer|not"
    r"|stopped|isn'?t"
    r"|aren'?t|won'?t|fail\w* to)"
)
_RECEIVING = linear(
    rf"(?i)\b{_NOT} (?:\w+ ){{0,2}}(?:receiv(?:e|ing)\b|(?:get|getting) (?:\w+ ){{0,2}}{_MAIL})"
    rf"|\breceiv(?:e|es|ing) (?:no|nothing|not a single)\b|\bnothing (?:\w+ ){{0,2}}(?:comes|coming|arrives|gets"
    rf"|is received) in\b"
    rf"|\b(?:incoming|inbound|inkommande|eingehende\w?|eintreffende\w?|inkomende) {_MAIL}\b"
    rf"|\b{_MAIL} (?:entrantes?|en entr.e|in (?:arrivo|entrata)|de entrada)\b"
    r"|\b(?:external|outside|all|the|our|fremde|externe) senders? (?:\w+ ){0,2}(?:gets?|receives?|sees?)\b"
    r"|(?:^|[.:;,] |\b(?:instead|and|but|that|because) )senders? (?:(?:from|at|on) \S+ )?gets?\b"
    r"|\b(?:someone|somebody|anyone|anybody|everyone|everybody|people|others|customers|clients|friends|whoever|who|senders?)"
    r" (?:\w+ ){0,3}(?:sends?|writes?|sending|writing|mails?|e-?mails?)"
    r" (?:\w+ ){0,3}(?:to )?(?:me|us|it|our|my|one of (?:our|my))\b"
    rf"|\b{_MAIL} (?:(?:sent|coming|that come) )?(?:from (?:outside|external|gmail|google|hotmail|outlook|the internet"
    rf"|others?)\w* )"
    r"(?:\w+ ){0,3}to (?:me|us|our|my|[\w.+-]{1,64}@)"
    rf"|\bkeine? (?:\w+ )?{_MAIL} (?:mehr )?(?:an|rein|herein|empfangen|zugestellt)|\bempfang\w* (?:\w+ )?(?:keine|nicht)\b"
    r"|\bwer (?:\w+ )?(?:an|uns|mir) [^.;\n]{0,40}schreibt\b|\b(?:externe )?absender (?:\w+ )?(?:erhalten|bekommen|kriegen)\b"
    r"|\b(?:re.oi[st]|recev\w+|re.oivent) (?:pas|plus|aucun|rien)\b|\bplus rien recevoir\b|\b(?:ne|n') ?(?:\w+ )?pas recevoir\b"
    r"|\bexp.diteurs? re.oi\w+|\bno (?:se )?(?:puedo |podemos |pueden )?recib\w+|\bremitentes? recib\w+"
    r"|\bnon (?:\w+ )?ricev\w+|\bmittent\w ricev\w+|\bn.o (?:\w+ )?receb\w+|\bniet (?:\w+ )?ontvang\w*"
)
_MADE = linear(
    r"(?i)\b(?:i|we|i've|we've|ich|wir)(?: have|'ve| just| habe\w?)? (?:\w+ ){0,2}(?:set ?up|created|added|made|configured"
    r"|defined|recreated"
    r"|angelegt|eingerichtet|erstellt)"
    r" (?:\w+ ){0,4}(?:mailbox\w*|alias\w*|accounts?|catch-?all|users?|forwarders?|postf.ch\w*|konto|konten|domain alias\w*)\b"
    r"|\b(?:ich habe|wir haben) [^.;\n]{0,50}(?:mailbox\w*|alias\w*|konto|konten|postf.ch\w*) [^.;\n]{0,30}(?:angelegt"
    r"|eingerichtet|erstellt)"
)
_REFUSES = linear(
    rf"(?i)\b(?:{_MINE}|the) (?:{_SERVER}|(?:{_PRODUCTS})(?: server)?) (?:\w+ )?"
    r"(?:rejects?|refuses?|bounces?|answers?|says?|denies|returns?|lehnt|weist|antwortet|sagt|rejette|refuse|rechaza"
    r"|rifiuta|weigert)\b"
)
_ACCEPTS = linear(r"(?i)\b(?:internal ?relay|accepted domains?)\b")  # of Exchange, as who runs it speaks
_ON_MINE = linear(rf"(?i)\b(?:on|in|at|auf|sur|en|su|op|bei) {_MINE} {_SERVER}\b")
_RUNS = linear(rf"(?i)(?:^|[^/\w.@-])(?:{_PRODUCTS})(?:$|[^/\[\w@=]|\.\s|\.$)")
_THEIRS = linear(r"(?i)\b(?:customers?|recipients?|they|partners?|clients?|he|she|people|kunden?)\b[^.;\n]{0,30}$")
_FROM = linear(r"(?i)\b(?:send\w*|sent|from|script\w*|via|through|relay\w*)\b[^.;\n]{0,40}$")
_OF_A_BANNER: Final = ("smtp", "(")  # "220 mx.fabrikam.com ESMTP Postfix", "by mx.fabrikam.com (Postfix)"
# Who is written to is somebody else, or the server is.
_OUTWARD = linear(
    r"(?i)\b(?:customers?|clients?|partners?|suppliers?|vendors?|external (?:recipients?|address\w*|domains?|compan\w+)"
    r"|another (?:company|domain"
    r"|organi[sz]ation)|their (?:server|side|end|admin\w*|it)|remote (?:server|side|domain)|other (?:side|company)|to (?:a"
    r"|some|certain) "
    r"(?:gmail|yahoo|hotmail|recipient)|kunden?|lieferant\w*|partnerfirma|gegenseite|empf.nger sagt|destinataire dit|clientes?)\b"
)
# Its mailboxes are at another place: then the server that refuses must not take the domain for its own.
_ELSEWHERE = linear(
    r"(?i)\b(?:somewhere else|elsewhere|(?:hosted|lives?|is|are|handled|mailbox\w*|mails?) (?:\w+ )?(?:at|by|with|on|in|bei"
    r"|chez|en) (?:\w+ )?"
    r"(?:google|g ?suite|gmail|office|microsoft|[mo]365|exchange|another|a different|zoho|other|external|outside))\b"
    r"|\bMX (?:\w+ ){0,3}(?:points?|zeigt) (?:\w+ ){0,2}(?:to )?(?:google|office|microsoft|outlook|another|zoho)\b"
    r"|\bwoanders\b|\bailleurs\b|\binternal ?relay\b|\baccepted domains?\b"
)

# Beside any other refusal it would tell nothing.
_UNKNOWN = linear(
    r"(?i)unknown|no such|not found|do(?:es)?(?: not|n.t) exist|no mailbox|unrouteable|unbekannt|inconnu|desconocid|sconosciut"
)


@recogniser(
    rf"\b(?:{_PRODUCTS}|receiv\w*|incoming|inbound|senders?|getting|mailbox|alias\w*|account|box|servers?|vps|empfang\w*"
    rf"|eingehende|absender"
    r"|schreibt|recev\w*|re.oi\w*|recib\w*|ricev\w*|receb\w*|ontvang\w*|entrant\w*|writes?|sends?|from outside|keine)\b",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact at most, on the first sentence that tells it; mail to the outside takes it away, unless receiving fails."""
    if not answers(reading) or not any(_UNKNOWN.search(line[:4000]) for line in reading.paste.lines[:MOST_LINES]):
        return []
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    outward = any(_OUTWARD.search(line) for _, line in lines)
    receiving = next((index for index, line in lines if _says(_RECEIVING, line)), None)
    owned = next((index for index, line in lines if _is_owned(line)), None)
    told = receiving if receiving is not None else None if outward else owned
    if told is None:
        return []
    elsewhere = any(_ELSEWHERE.search(line) for _, line in lines)
    values = (("Mailboxes", "elsewhere" if elsewhere else ""),)
    fact = Configured(source=source_at(reading, told), kind="told-own-server", name="server", values=values)
    return [artefact(reading, "told-own-server", [told], [fact], dict(values))]


def _says(pattern: object, line: str) -> bool:
    found = pattern.search(line)  # type: ignore[attr-defined]  # re2 ships no types
    before = line[: found.start()].rpartition(".")[2] if found else ""
    return found is not None and not (supposes(before) or _THEIRS.search(before))


def _is_owned(line: str) -> bool:
    if any(_says(pattern, line) for pattern in (_MADE, _REFUSES, _ACCEPTS)):
        return True
    runs = _RUNS.search(line)
    if runs and _says(_RUNS, line) and not line[: runs.start() + 1].rstrip().lower().endswith(_OF_A_BANNER):
        return True
    here = _ON_MINE.search(line)
    return here is not None and not _FROM.search(line[: here.start()])
