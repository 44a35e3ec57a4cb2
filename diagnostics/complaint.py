"""Whether a person says, in words of their own, that mail fails, or a program does in a line that nothing reads.

Then an output without a failure in it is no good news: it is about something else, or from another moment.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from diagnostics.patterns import linear

COMPLAINT: Final = "told-complaint"
"""The kind of the fact that mail fails, as somebody says beside settings."""

_LONGEST: Final = 4_000  # characters of prose that are looked at
_CLOSE: Final = 24  # characters before words, of the same clause, where a denial is theirs
_FAILS = linear(
    r"(?i)\b(?:can(?:no|.)?t|could ?n.t|could not|unable to|not able to|does ?n.t|do ?n.t|do not|does not|did ?n.t|did not"
    r"|are ?n.t|is ?n.t|will not|won.t|never|no longer|not|stop(?:s|ped)|fail(?:s|ed|ing)? to|refuses? to)"
    r" (?:\w+ ){0,3}?(?:send\w*|receiv\w*|deliver\w*|arriv\w*|go(?:ing|es)? (?:out|through)"
    r"|get(?:ting)? (?:mails?|e-?mails?|through)|reach\w*|work(?:s|ing)?|connect\w*|e?-?mail)\b"
    r"|\b(?:mails?|e-?mails?|messages?|delivery|sending) (?:\w+ ){0,4}?(?:stuck|lost|missing|vanish\w*|disappear\w*|bounc\w+"
    r"|delayed|late|held|wait\w*|undeliver\w+|reject\w+|block\w+|queu\w+|sits?|sitting|pil\w+|fails?|failing|failed)\b"
    r"|\b(?:mails?|e-?mails?|messages?) (?:\w+ ){0,2}?(?:not|are ?n.t|is ?n.t|do ?n.t|does ?n.t) "
    r"(?:go(?:ing)?|flow(?:ing)?|com(?:e|ing)|leav(?:e|ing)|mov(?:e|ing)|pass(?:ing)?)\b"
    r"|\b(?:never|not|n.t) (?:ever )?(?:show(?:s|ing|ed)?|turn(?:s|ing|ed)?) up\b|\b(?:as|als|comme) (?:extern\w*|anonym\w*)\b"
    r"|\bnothing (?:\w+ ){0,2}?(?:leav(?:es?|ing)|go(?:es|ing)|com(?:es|ing)|gets?|arriv\w+|flow\w*) "
    r"(?:out|in|to|from|through|since|any ?more|for)\b"
    r"|\b(?:(?:START)?TLS|handshakes?|connectors?|mail ?flow|submission|relay(?:ing)?) (?:\w+ ){0,4}?"
    r"(?:fails?|failing|failed|is broken|breaks)\b"
    r"|\bqueues? (?:\w+ ){0,2}?(?:do(?:es)? ?n.t|not|never) (?:mov\w+|drain\w*|empt\w+)"
    r"|\b(?:nobody|no one) (?:[\w-]+ ){0,5}?(?:can|gets?|receiv\w*|is able)\b|\bniemand\b|\bpersonne ne\b|\bnadie\b|\bnessuno\b"
    r"|\b(?:keeps? (?:on )?|still |always |constantly )(?:gett?(?:ing)?|see(?:ing)?|receiv(?:e|ing)) (?:\w+ ){0,5}?"
    r"(?:failures?|errors?|fails?|bounces?|rejections?|ndrs?)\b"
    r"|\b(?:ha(?:ve|s|d|ving)|runn?(?:ing|s)? into) (?:\w+ ){0,2}?(?:problems?|trouble|issues?)\b|\bis broken\b"
    r"|\b(?:is|are|was|were|gets?|got|been) (?:\w+ )?(?:rejected|refused|bounced|deferred|quarantined|junked|returned"
    r"|dropped|discarded)\b"
    r"|\b(?:gets?|got|getting) (?:\w+ ){0,2}?(?:bounces?|ndrs?|non-delivery)\b"
    r"|\b(?:gets?|got|getting|sees?|receives?) (?:(?:an?|the|error|only|code) ){0,2}?[45]\d\d(?:[.,;:!)]|\n|$|"
    r" (?:[45]\.\d|error|back|from|when|at|on)\b)"
    r"|\b(?:gets?|got|accepts?|takes?|receives?) nothing\b"
    r"|\bno (?:\w+ )?(?:e-?)?mails? (?:from|in|out|since|at all|any ?more|goes|comes|arrives|gets)\b"
    r"|\b(?:aborts|(?:bricht|brechen) (?:\w+ ){0,4}?ab)\b"
    r"|\b(?:fails|stops) (?:there|here|later|when|with|at|on|as|after)\b"
    r"|\bkeeps? (?:failing|crashing|restarting|stopping)|\bwon.t start\b|\bnot? (?:being )?(?:delivered|received|sent)\b"
    # de fr es it nl pt pl
    r"|\b(?:kommt|kommen|geht|gehen|läuft|laufen|funktionier(?:t|en)|lässt sich|lassen sich)\b[^.\n]{0,40}\b(?:nichts?|nie)\b"
    r"|\bk(?:ann|önn(?:en|t)|onnten?)\b[^\n]{0,60}\bnicht (?:\S+ ){0,2}?\S*(?:mailen|schreiben|senden|schicken|empfangen"
    r"|erreichen|antworten|anmelden|zustellen)\b"
    r"|\b(?:(?:e-?)?mails?|nachrichten) [^.\n]*?\b(?:hängen|stecken|stauen)"
    r"(?: (?:fest|seit|in|im|bei|alle|noch|sich)\b|[.,;!\n]|$)"
    r"|\bkeine (?:e-?)?mails?\b|\bbleib(?:t|en) [^.\n]{0,40}(?:hängen|liegen|stecken)"
    r"|\bnicht (?:mehr )?(?:zugestellt|gesendet|empfangen)"
    r"|\bnicht (?:mehr )?(?:zu )?(?:erhalten|bekommen|bekommt)\b"
    r"|\bne (?:pas|plus|jamais|rien) (?:recevoir|envoyer|arriver|pouvoir)\b"
    r"|\bn.arriv\w+ (?:pas|plus)|\bne \w+ (?:pas|plus)\b|\bbloqué(?:e|s)*\b"
    r"|\bno (?:llega|sale|funciona|recib|se (?:puede|envía|entrega)|podemos)\w*|\batascad\w+"
    r"|\bnon (?:arriv|part|funzion|riceve|riesc|vengono)\w*|\bbloccat\w\b"
    r"|\b(?:komen|komt|gaan|gaat|werkt|werken) [^.\n]{0,25}\bniet\b|\bblijven (?:hangen|staan)"
    r"|não (?:cheg|sa[ei]|funcion|receb|consegu)\w*|\bnie (?:dochodz|wychodz|dzia|wysy|dociera)\w*"
    # who can't write, and what does not get in or out
    r"|\b(?:can(?:no|.)?t|unable to) (?:e?mail|write|reply|forward)\b"
    r"|\b(?:kann|können) (?:[^\s.]+ ){0,8}?(?:nicht|nichts|keine?)(?: mehr)? (?:[^.\n]|\.\S){0,60}?"
    r"(?:schreiben|senden|schicken|mailen|versenden|empfangen|antworten)\b"
    r"|\bno (?:pueden?|nos (?:llega|entra)|env[ií]a)|\bnon (?:manda|invia|possono|si riesce)|\bdeix(?:ou|aram) de\b"
    r"|não (?:envia|manda|entra)|\b(?:kan|kunnen) (?:\w+ ){0,5}?niet\b|\bnie (?:wchodz|przychodz|można|mog|odbier|dostaj)"
    r"|\bkan (?:\w+ ){0,4}?inte\b"
    r"|\b(?:coda|cola|fila|queue|warteschlange|wachtrij|kolejka|kön|file d.attente)\b[^.\n]{0,40}?(?:non si (?:muove|svuota)"
    r"|no (?:avanza|se (?:mueve|vac))|não (?:anda|avan|esvaz|sai)|bewegt sich nicht|leert sich nicht|niet leeg"
    r"|nie (?:schodzi|rusza)|töms inte|rör sig inte|n.avance pas|ne se vide pas)|\b(?:mail-?)?stau\b"
    # since then, nothing: a time or a change, and a denial behind it
    r"|\bsince [^.;\n]*? (?:no|not|nothing|none|nobody|cannot|can.t|never|\w+n.t)\b"
    r"|\bseit(?:her|dem|em)? (?:[^.;\n]*? )?(?:nichts?|kein\w*|nie)\b"
    r"|\bdepuis (?:[^.;\n]*? )?(?:plus|aucun\w*|rien)\b|\bdesde (?:[^.;\n]*? )?(?:no|nada|ning\S+|não|nenhum\w*)\b"
    r"|\b(?:da (?:ieri|oggi|quando|stamattina|\S+dì)|dal(?:la|l.)?) (?:[^.;\n]*? )?(?:non|niente|nessun\w*)\b"
    r"|\bsinds (?:[^.;\n]*? )?(?:niet|niets|geen)\b|\bsedan (?:[^.;\n]*? )?(?:inte|inga|inget|ingen)\b"
    r"|\bod (?:wczoraj|dzi|rana|tygod|poniedz|wtork|środy|czwartk|piątk|sobot|niedziel|momentu|kiedy|czasu|aktualiz|zmian)\w*"
    r" (?:[^.;\n]*? )?(?:nie|nic|żad\w+)\b"
    # no longer
    r"|\b(?:send\w*|verschick\w*|empf[aä]ng\w*|erreich\w*|antwort\w*|druck\w*|scan\w*|nimmt|nehmen|stell(?:t|en)|startet)"
    r" [^.\n]*?\bnicht[s ]"
    r"|\bn(?:e |.)(?:envoi|arriv|reçoi|part|pass|march|fonctionn|imprim|répond|accept|voi|peu|démarr|sort|entr)[^\s.]* plus\b"
    r"|\bya no (?:env|lleg|recib|sal|funcion|entr|acept|conect|imprim|pas|arranc|pued)\w*|\binte längre\b"
    r"|\bnon (?:arriv|invi|ricev|part|pass|funzion|stamp|rispond|accett|ved|riesc|esc|entr|va)[^\s.]* più\b"
    r"|\bnão (?:cheg|env|receb|sa|funcion|imprim|respond|aceit|consegu|entr|v[êe])[^\s.]* mais\b"
    r"|\b(?:krijg|ontvang|stuur|verstuur|accepte)\w* [^.\n]*?\b(?:niet|geen|niets)\b|\bkwam(?:en)? [^.\n]*?\bniet\b"
    r"|\bkam(?:en)? [^.\n]*?\b(?:nichts?|nie)\b|\bprzesta(?:ł|j)\w*|\bslutade\b|\bpar(?:ou|aram)\b"
    r"|\bnever (?:\w+ )?gets? (?:them|it|any\w*|one|the|our|my|a)\b"
    r"|\b(?:can(?:no|.)?t|could ?n.t|unable to|does ?n.t|do ?n.t|no longer|never) (?:\w+ ){0,2}?(?:be (?:delivered|sent"
    r"|reached|found|resolved|established|opened)|authenticate|log ?[io]n|sign in|answer|relay|scan|talk|accept|start|leave"
    r"|pass|make it)\b"
    r"|届か(?:な|ず)|エラー[でがに]|弾か|переста"
    r"|\bfår (?:\w+ )?tillbaka\b|\bzwrotk|\br.ckl.ufer\b|\bunzustellbarkeits"
    # where it should not be
    r"|\b(?:mails?|e-?mails?|messages?) (?:\w+ ){0,3}?(?:stay|remain)s? in\b"
    r"|\b(?:ends? up|lands?|land(?:et|en)|goes|go(?:ing)?|atterriss\w+|arriv\w+|acaba\w*|cae\w*|finis\w+|trafia\w*|hamna\w*"
    r"|komen|vão)\b[^.\n]{0,45}"
    r"(?:\bjunk|\bspam|quarant[aä]|\bindésirables?|\bno deseado|\bindesiderata|\blixo|śmieci|skräppost|\bongewenst)"
    # gone without a word
    r"|\b(?:disappear|vanish|verschw(?:ind|und)|dispara[iî]|disparu|desapare[cz]|sparisc|sparit|scompa[ri]|verdw[ie]|znika|znikn"
    r"|försv[iu]nn)\w*|пропада\w+|исчеза\w+"
    # sv ru ja zh
    r"|\b(?:kommer|går|gick|fungerar) [^.\n]{0,25}\binte\b"
    r"|\b(?:k(?:an|unde) inte|inte k(?:an|unde)) (?:\S+ ){0,3}?(?:skicka|ta emot|nå|mejla|maila|svara|logga)\b"
    r"|не (?:приход|уход|отправл|доставл|доход|получа|работа|могу|можем|может)\w*"
    r"|(?:送信|受信|配信|送信エラー|送れ|届[かき]|メール)[^。\n]{0,12}(?:できな|できま|出来な|出来ま|ない|ません|失敗|拒否)"
    r"|(?:无法|不能|無法|收不到|发不出|發不出|退信|失败|失敗)"
)
# A queue that doesn't move, and mail that comes back: good news has the same words, with a denial among them.
_STUCK = linear(
    r"(?i)(?:\b(?:queues?|outbox|mail ?flow|warteschlangen?|files? d.attente|(?:la|una|nuestra) cola|la coda|wachtrij\w*"
    r"|kolejk\w*|fila (?:d|p)\S+|köe?[nr]?)\b[^.\n]{0,60}?"
    r"(?:\b(?:stuck|(?:in|on|auf|en) retry|retrying|growing|grows|fill\w*|backed up|piling|builds? up|suspended|steh\w*|häng\w*"
    r"|voll|w[äa]chst|bloqu\w+|gross\w*|augment\w*|atascad\w+|crec\w+|parad\w+|fermat?\w*|cresc\w+|vast|groeit|sto[ií]\w*"
    r"|zablokow\w+|växer|fastn\w+|står)|rośnie)"
    r"|\b(?:mails?|e-?mails?|messages?|nachrichten?|correos?|mensajes?|messagg\w+|mejl\w*|poczt\w+|wiadomo\w+|courriels?"
    r"|allegati|berichten)\b[^.\n]{0,60}?"
    r"(?:\b(?:com(?:es?|ing) back|kommt? (?:\w+ ){0,4}?zurück|kommen (?:\w+ ){0,4}?zurück|häng(?:t|en)|unzustellbar|reviennent?"
    r"|restent? (?:en (?:file|attente)|bloqu)|rebota\w*|devuel\w+|torna(?:no)? indietro|rimbalza\w*|voltam?|devolvid\w+"
    r"|(?:komt|komen) (?:\w+ ){0,3}?terug|wraca\w*|odbija\w*|studsa\w*|fastnar|utkn))"
    r"|(?:キュー|メール|配信)[^。\n]{0,20}(?:滞留|溜ま|たま|止ま|戻[っる]|返[っる]|遅延)|(?:队列|隊列)[^。\n]{0,12}(?:卡|堵|积|不动))"
)
# What befell mail, in words that good news has with a denial, too: "no bounces", "ya no rebotan".
_BEFELL = linear(
    r"(?i)(?:\b(?:comes?|came|coming|sent|goes) (?:(?:straight|right|always|all|immediately) )?back(?: (?:with|as|at|after|from"
    r"|within|undeliver\w*|to (?:him|her|them|the sender))\b|[.,;:!\n]|$)"
    r"|\b(?:it|they|that|which|who|all|some|mine|ours|his|theirs|others?|sometimes|always|immediately|also|still|just|then"
    r"|@\S+|(?:mails?|messages?|drawings?|reports?|invoices?|replies|pdfs?|list|folder|users?|group) (?:[^.,;\n]*? )?) ?"
    r"bounc(?:e|es|ed|ing)\b"
    r"|\bbounc(?:es|ed|ing) (?:with|at|from|back|immediately|when|if|since|after|because)\b"
    r"|\b(?:rejects?|refuses?|blocks?|defers?|holds?|delays?) (?:[\w.]+ ){0,2}?(?:us|our|my|his|her|their|everything"
    r"|the company.s)\b"
    r"|\b(?:mails?|messages?|everything|all|they|it|queues?) (?:[^.;\n]*? )?(?:sits?|piles? up|builds? up|queues(?: up)?"
    r"|queue up|stalls?|stuck|hangs|held|waits?|stands? still|(?:is|are) (?:delayed|late|lost|missing|returned|dropped))\b"
    r"|\b(?:mail\w*|flow|delivery|sending|everything|it|which|forward\w*|relay|sync\w*|transport|services?|submission|smtp"
    r"|connections?|scann\w*|printers?) (?:(?:to|from|of|has|have|just|always|again|then|there) (?:\w+ )?)?"
    r"(?:stop(?:s|ped)?|died|dies|broke|crash(?:es|ed)?|fails?|drops?|(?:is|are) "
    r"(?:dead|down|refused|closed|dropped|cut))\b|\bfail (?:with|at|after|on)\b"
    r"|\b(?:arriv\w*|comes?|delivered|gets?) (?:\w+ ){0,3}?(?:late|delayed|hours later|with (?:[\w-]+ ){0,4}?delay)\b"
    r"|\b(?:gets?|got|receives?|says?|shows?|gives?|returns?|throws?|reports?) (?:\w+ ){0,3}?(?:errors?|undeliverable|bounces?"
    r"|ndrs?|rejections?|time-?outs?)\b"
    r"|\b(?:customers?|users?|people|partners?|bank|suppliers?|colleagues?|boss|she|he|they) (?:\w+ ){0,2}?complain\w*"
    # de fr es it pt nl pl sv ja ru
    r"|\b(?:kommt|kommen|kam|kamen|geht|gehen|gingen) [^.\n]*?(?:zurück|verspätet)|\bscheiter(?:t|n|te|ten)\b|\bklemmt\b"
    r"|\b(?:häng(?:t|en)|staut|stauen) (?:\S+ ){0,2}?(?:seit|in|fest|sich)\b|\bschl(?:ägt|agen) [^.\n]*?\bfehl\b"
    r"|\b(?:bekomm|krieg|erhält|erhalt|bekam|erhielt)\w* [^.\n]*?(?:\bndrs?\b|\bbounces?\b|unzustellbar|fehler"
    r"|ablehnung|zurück)"
    r"|\blehn(?:t|en) [^.\n]*?\bab\b|\b(?:abgelehnt|zurückgewiesen|abgewiesen)\b|\bstürz(?:t|en) [^.\n]{0,20}?ab\b"
    r"|\bun retour (?:immédiat|en erreur)|(?:est|sont|étaient|était|être) (?:\S+ ){0,3}?"
    r"(?:refus|rejet|bloqu|renvoy|retourn|retard)é|\brevien(?:t|nent)\b|\béchou"
    r"|\btraîn(?:e|ent)\b|\bs.arrête|\b(?:restent?|gard(?:e|ent)|attend(?:ent)?) [^.\n]*?(?:en file|en attente|bloqu)"
    r"|\b(?:rebot|rechaz|devuel)\w+|\bvuelven\b|\bfallan?\b|\bse (?:cae|cuelga|detien|queda|pierd)\w*|\bdan? error\b"
    r"|\berror al \w+"
    r"|\blleg\w+ (?:\w+ )?(?:tarde|con retraso)|\b(?:rimbalza|un rimbalzo|respin[tg])\w*"
    r"|\btorna(?:no)? (?:indietro|con|al mittente)"
    r"|\brimanda(?:no)?\b|\bsi (?:ferma|blocca|interrompe|pianta|chiude|perd)\w*|\bfallisc\w+|\bin ritardo\b"
    r"|\b(?:devolvid|rejeitad|recusad)\w|\bvoltam?\b|\bfalha[mn]?\b|\bd[áã]o? erro\b|\bca(?:i|em) em\b"
    r"|\b(?:komt|komen|kwam|kwamen) (?:[^.\n]*? )?(?:terug|retour|in spam)\b|\bgeweigerd\b|\bmislukt\b|\bfoutmelding"
    r"|\bin de wachtrij (?:te )?sta\w*|\b(?:wraca|odbija|odrzuc|zwraca)\w*|\bopóźnien\w+|\bzatrzymuj\w*|\b(?:studs|avvisa)\w*"
    r"|\bfastnar\b|\bförsena\w*|戻って(?:き|来)|戻ります|遅れ|止ま[りっ]|возвраща|отклон|завис)"
)
_PARTED = linear(r"[.,;:!?()\n]")
_NONE = linear(
    r"(?i)\b(?:no|not|nothing|none|never|\w+n['’]t|nichts?|kein\w*|pas|plus|rien|aucun\w*|nada|ning\w*|niente|nessun\w*|niet|niets"
    r"|geen|nic|inte|não|nie|ingen|inget|nobody|without|ohne|sans|sin|senza|non|zonder|sem|bez|utan)\b"
)
# A program's own report, with its reason or at the line's end: "STARTTLS failed! ...", "fatal: ...", "... aborted".
_ERROR: Final = (
    r"error|fatal|exception|failed|failure|aborted|giving up|timed out|refused|fehler|fehlgeschlagen|abgebrochen|erreur"
    r"|échou\w{1,2}|errore|fallito|erro|falhou|falló|fout|mislukt|błąd|ошибка"
)
_REPORTS = linear(
    rf"(?im)^[^\n]{{0,80}}?(?:\b|^)(?:{_ERROR})(?:\b|$)(?:\s?[:!]\s*[^\s{{0]|[.!]{{0,3}}\s*$)"
    r"|^\W{0,6}(?:unable to|could not|couldn.t|cannot|can.t|error|fehler|erreur|errore|erro|fatal) \w+"
)
_OVER = linear(
    r"(?i)\b(?:fixed|solved|resolved|cured|false alarm|as expected|back to normal)\b|\b(?:works?|working"
    r"|flow\w*|running|goes|arriv\w+|delivered|fine|ok) (?:again|now)\b|\bnow (?:works?|flows?|goes (?:out|through))"
    r"|\bbehoben|\bgelöst|(?:geht|läuft|funktioniert) (?:jetzt )?wieder"
    r"|\brésolu|\bremarche|\bresuelto|\brisolto|\bopgelost|\bresolvido|\bfunciona de nuevo"
    # where something else is named behind it, that is what has none
    r"|\b(?:no (?:failures?|errors?|problems?)|all good)(?: (?:any ?more|now|since|left|again)\b|[.!\s]*$)"
)


def complains(prose: str) -> bool:
    """Whether `prose`, the lines that nothing reads, tells of mail that fails and not that it is over."""
    told = prose[:_LONGEST]
    return bool(_FAILS.search(told) or _REPORTS.search(told) or _befell(told)) and not _OVER.search(told)


def _befell(told: str) -> bool:
    for found in chain(_STUCK.finditer(told), _BEFELL.finditer(told)):
        before = _PARTED.split(told[max(0, found.start() - _CLOSE) : found.start()])[-1]
        behind = told[found.end() + 1 : found.end() + 8]
        if not _NONE.search(before) and not _NONE.search(found.group(0)) and not _NONE.match(behind):
            return True
    return False
