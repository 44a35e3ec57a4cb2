"""That the mail server which is spoken of is the person's own: its product by name, "self-hosted", mail that does not come in;
and that the mailboxes of a domain are elsewhere: "receiving is at Google, this one only sends".

A refusal by one's own server is judged otherwise than the same words of a stranger's. Exchange is told elsewhere
(`told_surroundings`). Read only beside something else that was pasted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes, without_question

# What people set up themselves: servers, packages of them, and panels.
_PRODUCTS: Final = (
    r"mailcow|mail-?in-?a-?box|miab|docker-?mailserver|dms|i-?redmail|modoboa|yunohost|vesta(?:cp)?|hestia(?:cp)?|cyberpanel"
    r"|plesk|directadmin|virtualmin|ispconfig|froxlor|aapanel|poste\.io|mailu|mox|stalwart|maddy|hmailserver|zimbra|kopano|kolab"
    r"|cloudron|simplelogin|anonaddy|wildduck|haraka|axigen|citadel|cyrus|postfix(?:admin)?|dovecot|exim4?|sendmail|opensmtpd"
    r"|qmail|mdaemon|kerio|icewarp|mailenable|smartermail|synology|apache james|nethserver|univention"
)
_OURS: Final = (
    r"\bself-?host\w*|\bhome-?lab\b|\bauto-?h[ée]berg\w*|\bselbst ?gehostet\w*"
    r"|\b(?:on|with|in) (?:my|our) (?:own )?(?:box|instance|set-?up|installation|vps|nas|docker)\b"
    r"|\b(?:my|our) own (?:\w+ )?instance\b|\bown instance\b"
)
_MAIL: Final = r"(?:e-?)?(?:mails?|messages?)"
_RECEIVES: Final = (
    r"\b(?:can(?:not|['’]?t| not)|unable to|not able to|won['’]?t|do(?:es)?(?:n['’]t| not)|never|not) (?:\w+ ){0,2}?receiv\w*"
    r"|\b(?:can(?:not|['’]?t| not)|unable to|don['’]?t|never|not) (?:get|getting) "
    rf"(?:any |a single |my |our |new ){{0,2}}{_MAIL}\b"
    rf"|\b(?:incoming|inbound|arriving) (?:{_MAIL}|is|are)\b|\ball incoming\b"
    rf"|\b(?:nothing|no {_MAIL}) (?:comes?|is coming|gets?) (?:in|through)\b"
    rf"|\b{_MAIL} (?:sent )?(?:to|for) (?:my|our) (?:own )?(?:domain|server|alias|account|mailbox|address(?:es)?)\b"
    r"|\bwhen (?:somebody|someone|people|others|anyone|they) (?:sends?|writes?|mails?) (?:\w+ ){0,2}to (?:me|us|my|our)\b"
    r"|\b(?:senders?|who writes?|mails?) to (?:us|me)\b"
    r"|\b(?:from|of) (?:outside|external|g-?mail|hotmail|yahoo|outlook\.com)\b[^.;\n]{0,40}\bto (?:my|our)\b"
    rf"|\bkeine? (?:{_MAIL} )?(?:\w+ ){{0,2}}?(?:empfang\w*|erhalten|an(?:kommen)?|rein|herein)\b|\beingehend\w*"
    r"|\bempfang\w* (?:geht|funktioniert) nicht|\bne (?:\w+ ){0,2}?re[cç]\w+|\bimpossible de recevoir\b"
    r"|\bno (?:puedo|podemos|se puede|logro) recibir\b|\bno (?:recibo|recibimos|llegan?)\b|\bnon ricev\w+"
)
_PLACES: Final = (
    r"(?:g-?suite|google|gmail|office ?365|o365|m365|microsoft|exchange|zoho|proton\w*|fastmail"
    r"|another|somewhere|elsewhere)"
)
_ELSEWHERE: Final = (
    r"\b(?:only|just|solely) (?:\w+ ){0,4}?(?:to |for )?(?:send|sending|outgoing|outbound)\b"
    r"|\b(?:send|sending|outgoing)[ -]only\b|\bonly the (?:web ?)?site\b|\bsplit[ -](?:delivery|domain)\b"
    rf"|\b(?:receiving|{_MAIL}|mailboxes|incoming|inbound|mx|it) (?:[\w.]+ ){{0,3}}?(?:is|are|comes? in|lives?|goes|stays?"
    rf"|handled"
    rf"|hosted|points?) (?:\w+ ){{0,2}}?(?:at|by|with|on|to|in) {_PLACES}"
    rf"|\b(?:its|their|the) {_MAIL} (?:is|are|lives?|stays?) (?:\w+ ){{0,2}}?"
    r"(?:elsewhere|somewhere else|(?:on|at) another|hosted)"
    rf"|\bmx (?:is|record is|records are|points to) (?:\w+ ){{0,2}}?{_PLACES}"
    r"|\bnur (?:zum |für den )?(?:versand|versenden|senden)\b|\bpostfächer (?:liegen|sind) (?:woanders|bei)\b"
    r"|\b(?:uniquement|seulement) pour (?:l['’])?env\w+|\bs[oó]lo para (?:enviar|el env[ií]o)\b"
)
# Somebody else's server has the recipient: no product that the person runs had a part in its refusal.
_OUTWARD: Final = (
    r"\b(?:partner|customer|supplier|vendor|recipient.s (?:server|side)|kunde|lieferant|client|fournisseur|proveedor)\w{0,3}"
    r"\b[^.;\n]{0,40}\b(?:refus\w*|reject\w*|bounc\w*|zurück|lehn\w*|refuse\w*|rechaz\w*)"
    r"|\b(?:to|an|bei|chez|a) (?:an? |the |one |our |my |einen? |unseren? |un |une )?(?:partner|customer|supplier|vendor"
    r"|kunde|lieferant)\w{0,3}\b"
)
_FORMS: Final = tuple(
    (name, linear(f"(?i)(?:{words})"))
    for name, words in (
        ("receives", _RECEIVES),
        ("elsewhere", _ELSEWHERE),
        ("product", rf"\b(?:{_PRODUCTS})\b"),
        ("ours", _OURS),
        ("outward", _OUTWARD),
    )
)
# The other side's, or what one came from.
_THEIRS = linear(
    r"(?i)\b(?:their|his|her|customer\w*|recipient\w*|destination\w*|remote|partner\w*|vendor\w*|other side|from|instead of)"
    r" (?:\w+ ){0,2}$"
)
# What others get in tells that the server takes mail.
_PARTLY = linear(
    r"(?i)^\W{0,2}(?:\w+ ){0,3}?(?:some|certain|specific|one|a few|every|all|manche\w*|einige\w*|bestimmte\w*|certains?"
    r"|quelques|algun\w+|ciert\w+)\b"
)
# A program's name within a line of its log, a host's name or a path is no person's word.
_OF_A_LOG = linear(r"^(?:[/\[@=_]|[:.]\w|-\w+\[)")
_PREFIXED = linear(r"[./@_=-]$")
_DENIED = linear(r"(?i)\b(?:not|n['’]t|no|never) (?:\w+ ){0,2}$")


@recogniser(rf"(?:\b(?:{_PRODUCTS})\b|{_OURS}|{_RECEIVES}|{_ELSEWHERE})", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each of the kinds: its first line."""
    if not answers(reading):
        return []
    found: dict[str, tuple[int, str]] = {}
    for index, line in reading.sentences()[:MOST_LINES]:
        for name, words in _told(without_question(line[:1000])):
            found.setdefault(name, (index, words))
    return [_artefact(reading, name, *at) for name, at in found.items()]


def _told(line: str) -> Iterator[tuple[str, str]]:
    for name, form in _FORMS:
        told = next((each for each in form.finditer(line) if _is_own(name, line, each.start(), each.end())), None)
        if told:
            yield name, told.group(0)


def _is_own(name: str, line: str, start: int, end: int) -> bool:
    before = line[max(0, start - 60) : start]
    if name == "elsewhere":
        return not (_DENIED.search(before) or supposes(before))
    if name in ("receives", "outward"):
        return not (supposes(before) or (name == "receives" and _PARTLY.search(line[end:])))
    return not (_THEIRS.search(before) or _PREFIXED.search(before) or _OF_A_LOG.search(line[end : end + 12]))


def _artefact(reading: Reading, name: str, index: int, words: str) -> Artefact:
    fact = Configured(source=source_at(reading, index), kind="own-server", name=name)
    return artefact(reading, "told-own-server", [index], [fact], {"told": words[:80]})
