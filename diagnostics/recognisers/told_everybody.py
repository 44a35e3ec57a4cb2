"""That nobody's mail gets in: "all incoming mails are blocked", "no mail comes in any more", "even Gmail's is refused"; that
whose mail is refused is outside: "Gmail users cannot send to us"; and that who refuses is one's own server: "our Postfix rejects
incoming mail with this".

A fault of one sender, such as a listing of its address, doesn't meet all at once. A sentence that names one of them ("all mails
from fabrikam.com") says nothing of the others. Read only beside something else that was pasted, or as an answer in a thread.
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

_IN: Final = (
    r"(?:incoming|inbound|external) (?:e-?mails?|mails?|messages?|mail ?flow|connections?|traffic)|external senders?|senders?"
    r"|(?:e-?mails?|mails?|messages?) from (?:outside|external|the internet|everywhere|everyone|everybody|anyone|any sender)"
    r"|(?:eingehende\w{0,2}|externe\w{0,2}) (?:e-?mails?|mails|nachrichten)|absender"
    r"|(?:mails|courriels|messages|e-mails) entrants|correos entrantes|mensajes entrantes"
    r"|(?:messaggi|e-?mail) in (?:arrivo|entrata)|inkomende (?:e-?mails?|mails?|berichten)"
)
_ALL: Final = (
    r"all (?:of )?(?:the |our |my )?|every(?: single)? |any |alle |s.mtliche |(?:tous|toutes) les |tod[oa]s (?:los|las) "
    r"|tutti i |tutte le "
)
_REFUSED: Final = (
    r"block\w*|reject\w*|refus\w*|bounc\w*|denied|turned away|blockiert|geblockt|abgelehnt|abgewiesen|bloqu\w+|rejet\w+|rechaz\w+"
    r"|bloccat\w|rifiutat\w|geblokkeerd|geweigerd"
)
_PROVIDERS: Final = r"g-?mail|google|outlook(?:\.com)?|hotmail|microsoft(?: 365)?|office ?365|yahoo|gmx|icloud"
_RECEIVE: Final = r"re[cv](?:ei|ie)v"  # as it is often mistyped
_NOT: Final = r"can ?not|can.t|could not|could ?n.t|unable to|not able to|do not|don.t|did not|did ?n.t|never|no longer"
_MAILS: Final = r"(?:e-?mails?|mails?|messages?)"
_NOBODY = linear(
    rf"(?i)\b(?:{_ALL})(?:{_IN})\b[^.;\n]{{0,40}}\b(?:{_REFUSED})\b"
    rf"|\b(?:{_REFUSED})\b (?:{_ALL})(?:{_IN})\b"
    rf"|\b(?:everybody|everyone) (?:who|that) (?:writes?|sends?|mails?)\b[^.;\n]{{0,40}}\b(?:{_REFUSED})\b"
    r"|\b(?:no one|nobody) (?:else )?(?:(?:outside|external) )?(?:can|is able to) (?:\w+ )?(?:send|mail|e-?mail|write|reach)"
    r"(?: \w+){0,3} (?:to )?us\b"
    r"|\bno (?:incoming|inbound|external) (?:e-?mails?|mails?|messages?)\b[^.;\n]{0,30}"
    r"\b(?:in|through|accepted|delivered|received)\b"
    r"|\bniemand (?:kann|k.nnte) uns (?:mehr )?(?:schreiben|mailen|erreichen)"
    r"|\bpersonne ne peut nous .crire|\bnadie puede escribirnos"
    # Nothing comes in at all, as whoever looks at one's own mailbox tells.
    r"|\b(?:not|n.t) (?:been |be )?(?:receiv\w+|gett?(?:ing)?) (?:any )?(?:new )?(?:e-?mails?|mails?|messages?)"
    r"(?: (?:at all|any ?more|from (?:anyone|anybody|outside))\b|\s*(?:[.!,;]|$))"
    r"|\bno longer receiv\w+ any (?:e-?mails?|mails?|messages?)\b"
    # "I can send, but not receive"
    rf"|\b(?:can|could|able to|works?|sending) (?:only )?send(?:ing)?\b[^.;\n]{{0,30}}\bbut\b[^.;\n]{{0,20}}\b(?:{_NOT}|not)\b"
    rf"[^.;\n]{{0,12}}\b{_RECEIVE}\w*(?: (?:any |new |incoming )?{_MAILS})?(?:[.,;!)]|$)"
    rf"|\beven (?:(?:e-?mails?|mails?|messages?) (?:from|of) )?(?:{_PROVIDERS})(?:.s)?\b[^.;\n]{{0,40}}\b(?:{_REFUSED})\b"
)
# Said of mail that comes in, so who refuses it is the person's own server.
_INCOMING = linear(
    r"(?i)\b(?:incoming|inbound|external|outside|internet|rec(?:ei|ie)v\w+|reveiv\w+|gett?(?:ing)?|eingehende\w{0,2}|externe\w{0,2}|entrant\w{0,2}"
    r"|arrivo|entrata|inkomende)\b"
)
# Whoever has a mailbox there comes from the Internet.
_OUTSIDE = linear(
    rf"(?i)\b(?:{_PROVIDERS})(?:.s)? (?:users?|senders?|accounts?|customers?|people|addresses)\b[^.;\n]{{0,20}}"
    r"\b(?:can ?not|can.t|could ?n.t|could not|(?:were|are|was|is) (?:unable|not able)|no longer)\b[^.;\n]{0,20}\b"
    r"(?:send|mail|e-?mail|write|deliver|reach)\b[^.;\n]{0,30}\b(?:us|me|my|our|the)\b"
    rf"|\b(?:e-?mails?|mails?|messages?) (?:coming |sent )?from (?:{_PROVIDERS}|(?:the )?outside|external senders|the internet)"
    rf"(?:.s)?\b[^.;\n]{{0,40}}\b(?:{_REFUSED})\b"
    rf"|\b(?:{_NOT}) (?:\w+ ){{0,2}}{_RECEIVE}\w* (?:any |new )?(?:{_MAILS} )?(?:sent )?from (?:{_PROVIDERS})\b"
    rf"|\bsend to (?:{_PROVIDERS})\b[^.;\n]{{0,30}}\bbut\b[^.;\n]{{0,20}}\b(?:{_NOT})\b[^.;\n]{{0,12}}\b{_RECEIVE}"
    rf"|\b(?:{_MAILS}) from (?:{_PROVIDERS})\b[^.;\n]{{0,20}}\b(?:n.t|not|never) (?:arriv|com|receiv|reach|deliver)"
    rf"|\b(?:mails?|nachrichten) von (?:{_PROVIDERS}|extern|au.en)\b[^.;\n]{{0,40}}\b(?:{_REFUSED}|zur.ck)\b"
)
_SERVER: Final = (
    r"(?:own |new |local |internal |incoming )?(?:e-?mail|mail|smtp|exchange|edge|mx|inbound)?[ -]?"
    r"(?:servers?|gateway|relay|mta|host|container|system|install(?:ation)?|set-?up|instance|mx|filter|firewall)"
    r"|postfix|postscreen|exim|sendmail|exchange|mailcow|docker-mailserver|iredmail|mail-?in-?a-?box|mailu|modoboa|stalwart|mox"
    r"|maddy|haraka|opensmtpd|zimbra|rspamd|amavis|hmailserver|mdaemon|plesk|cpanel|kerio|proxmox(?: mail gateway)?"
)
# "Our server is rejected by …" is the other way round, so the verb is an active one.
_REFUSES: Final = (
    r"rejects?|rejecting|refus(?:es?|ing)|block(?:s|ing)?|den(?:y|ies|ying)|bounc(?:es?|ing)|turns? away|does not accept"
    r"|doesn.t accept|is not accepting|isn.t accepting|won.t accept"
)
_INTO: Final = (
    r"incoming|inbound|external|legit\w*|valid|real|good|everything|everyone|everybody|anyone|all (?:mails?|e-?mails?|messages)"
    r"|(?:e-?mails?|mails?|messages?|senders?|connections?|servers?|them|it)\b"
)
_OWN = linear(
    rf"(?i)\b(?:my|our) (?:{_SERVER})\b(?: (?:(?:mail )?servers?|gateway|instance|container|is|keeps|now|still|always|suddenly"
    rf"|also|just|started|begins?|to|constantly|sometimes|often|seems)){{0,3}} (?:{_REFUSES}) (?:\w+ ){{0,3}}(?:{_INTO})"
    r"|\b(?:incoming|inbound) (?:e-?mails?|mails?|messages?|smtp|connections?)\b[^.;,\n]{0,30}"
    r"\b(?:is|are|was|were|gets?|being|been) (?:being |all |now |always )?(?:rejected|refused|blocked|denied|bounced)\b"
    # In other languages
    r"|\b(?:mein|unser)e? \S{0,20}(?:server|system|gateway|postfix|exchange|mailcow)\b[^.;\n]{0,20}"
    r"\b(?:lehnt|weist|verweigert|blockt|blockiert)\b[^.;\n]{0,40}\b(?:eingehend\w*|mails?|e-mails?|absender|nachrichten)\b"
    r"|\b(?:mon|notre) (?:serveur|postfix|exchange)\b[^.;\n]{0,30}\b(?:rejette|refuse|bloque)\b"
    r"|\b(?:mi|nuestro) (?:servidor|postfix|exchange)\b[^.;\n]{0,30}\b(?:rechaza|bloquea)\b"
    r"|\b(?:mio|nostro) (?:server|postfix|exchange)\b[^.;\n]{0,30}\b(?:rifiuta|respinge|rigetta|blocca)\b"
    r"|\b(?:meu|nosso) (?:servidor|postfix|exchange)\b[^.;\n]{0,30}\b(?:rejeita|recusa|bloqueia)\b"
    r"|\b(?:mijn|onze) (?:mail)?(?:server|postfix|exchange)\b[^.;\n]{0,30}\b(?:weigert|blokkeert)\b"
)
# One sender or domain is named: the others are well.
_ONE = linear(
    r"(?i)\b(?:from|by|of|von|de|da|van)\b (?:\S+@)?[a-z0-9-]{1,63}\.[a-z]{2,24}\b|\b(?:except|some|not all|outgoing|outbound)\b"
)
_ITSELF = linear(rf"(?i)\bfrom (?:{_PROVIDERS})\b")


def _of_one(told: str) -> bool:
    """Whether the words speak of one sender; a provider has more of them than anybody can name."""
    return bool(_ONE.search(_ITSELF.sub("", told)))


@recogniser(
    rf"\b(?:{_REFUSED}|{_PROVIDERS})\b|\bno(?: one|body)\b|\bno (?:incoming|inbound|external)\b|niemand|personne|nadie"
    r"|\b(?:lehnt|weist|weigert|rifiuta|respinge|rigetta|recusa|accept)\b"
    r"|\bre[cv](?:ei|ie)v\w*\b"
    r"|\b(?:gett?ing) (?:any |new )*(?:e-?mails?|mails?|messages?)\b",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence of each kind."""
    if not answers(reading):
        return []
    found = []
    for kind, words in (("told-everybody", _NOBODY), ("told-outside", _OUTSIDE), ("told-own-refuses", _OWN)):
        told = next((each for each in stated(reading, words) if not _of_one(each[1].group(0))), None)
        if told:
            name = "incoming" if _INCOMING.search(told[1].group(0)) else "refused"
            fact = Configured(source=source_at(reading, told[0]), kind=kind, name=name, failing=True)
            found.append(artefact(reading, kind, [told[0]], [fact], {"told": told[1].group(0)[:80]}))
    return found
