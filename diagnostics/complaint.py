"""Whether a person says, in words of their own, that mail fails, or a program does in a line that nothing reads.

Then an output without a failure in it is no good news: it is about something else, or from another moment.
"""

from __future__ import annotations

from typing import Final

from diagnostics.everyday import told_in_passing
from diagnostics.patterns import linear

COMPLAINT: Final = "told-complaint"
"""The kind of the fact that mail fails, as somebody says beside settings."""

_LONGEST: Final = 4_000  # characters of prose that are looked at
_FAILS = linear(
    r"(?i)\b(?:can(?:no|.)?t|could ?n.t|could not|unable to|not able to|does ?n.t|do ?n.t|do not|does not|did ?n.t|did not"
    r"|are ?n.t|is ?n.t|will not|won.t|never|no longer|not|stop(?:s|ped)|fail(?:s|ed|ing)? to|refuses? to)"
    r" (?:\w+ ){0,3}?(?:send\w*|receiv\w*|deliver\w*|arriv\w*|go(?:ing|es)? (?:out|through)"
    r"|get(?:ting)? (?:mails?|e-?mails?|through)|reach\w*|work(?:s|ing)?|connect\w*|e?-?mail)\b"
    r"|\b(?:mails?|e-?mails?|messages?|delivery|sending) (?:\w+ ){0,4}?(?:stuck|lost|missing|vanish\w*|disappear\w*"
    r"|bounc\w+"
    r"|delayed|late|held|wait\w*|undeliver\w+|reject\w+|block\w+|queu\w+|sits?|sitting|pil\w+|fails?|failing|failed)\b"
    r"|\b(?:mails?|e-?mails?|messages?) (?:\w+ ){0,2}?(?:not|are ?n.t|is ?n.t|do ?n.t|does ?n.t) "
    r"(?:go(?:ing)?|flow(?:ing)?|com(?:e|ing)|leav(?:e|ing)|mov(?:e|ing)|pass(?:ing)?)\b"
    r"|\b(?:never|not|n.t) (?:ever )?(?:show(?:s|ing|ed)?|turn(?:s|ing|ed)?) up\b|\b(?:as|als|comme) (?:extern\w*"
    r"|anonym\w*)\b"
    r"|\bnothing (?:\w+ ){0,2}?(?:leav(?:es?|ing)|go(?:es|ing)|com(?:es|ing)|gets?|arriv\w+|flow\w*) "
    r"(?:out|in|to|from|through|since|any ?more|for)\b"
    r"|\b(?:(?:START)?TLS|handshakes?|connectors?|mail ?flow|submission|relay(?:ing)?) (?:\w+ ){0,4}?"
    r"(?:fails?|failing|failed|is broken|breaks)\b"
    r"|\bqueues? (?:\w+ ){0,2}?(?:do(?:es)? ?n.t|not|never) (?:mov\w+|drain\w*|empt\w+)"
    r"|\b(?:nobody|no one) (?:[\w-]+ ){0,5}?(?:can|gets?|receiv\w*|is able)\b|\bniemand\b|\bpersonne ne\b|\bnadie\b"
    r"|\bnessuno\b"
    r"|\b(?:keeps? (?:on )?|still |always |constantly )(?:gett?(?:ing)?|see(?:ing)?|receiv(?:e|ing)) (?:\w+ ){0,5}?"
    r"(?:failures?|errors?|fails?|bounces?|rejections?|ndrs?)\b"
    r"|\b(?:ha(?:ve|s|d|ving)|runn?(?:ing|s)? into) (?:\w+ ){0,2}?(?:problems?|trouble|issues?)\b|\bis broken\b"
    r"|\b(?:is|are|was|were|gets?|got|been) (?:\w+ )?(?:rejected|refused|bounced|deferred|quarantined|junked)\b"
    r"|\b(?:gets?|got|getting) (?:\w+ ){0,2}?(?:bounces?|ndrs?|non-delivery)\b"
    r"|\b(?:gets?|got|getting|sees?|receives?) (?:(?:an?|the|error|only|code|temporary|permanent"
    r"|immediate) ){0,2}?[45]\d\d(?:[.,;:!)]|\n|$|"
    r" (?:[45]\.\d|error|back|from|when|at|on)\b)"
    r"|\b(?:aborts|(?:bricht|brechen) (?:\w+ ){0,4}?ab)\b"
    r"|\b(?:start(?:s|ed)?|began|begins?) (?:failing|bouncing|rejecting|timing out|to (?:fail|bounce|be rejected|time out))"
    r"|\berrors? out\b|\b(?:fails|stops) (?:there|here|later|when|with|at|on|as|after)\b"
    r"|\bkeeps? (?:failing|crashing|restarting|stopping)|\bwon.t start\b|\bnot? (?:being )?(?:delivered|received|sent)\b"
    # de fr es it nl pt pl
    r"|\b(?:kommt|kommen|geht|gehen|läuft|laufen|funktionier(?:t|en)|lässt sich|lassen sich)\b[^.\n]{0,40}\b(?:nichts?|nie)\b"
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
    r"|\bk(?:ann|önn(?:en|t)|onnten?) (?:\S*[^\s.] ){0,8}?(?:nicht|nichts|keine?)(?: mehr)? (?:[^.\n]|\.\S){0,60}?"
    r"(?:schreiben|senden|schicken|mailen|empfangen|erreichen|antworten|anmelden|zustellen)\b"
    r"|\bno (?:pueden?|nos (?:llega|entra)|env[ií]a)|\bnon (?:manda|invia|possono|si riesce)|\bdeix(?:ou|aram) de\b"
    r"|não (?:envia|manda|entra)|\b(?:kan|kunnen) (?:\w+ ){0,5}?niet\b|\bnie (?:wchodz|przychodz|można|mog|odbier|dostaj)"
    r"|\bkan (?:\w+ ){0,4}?inte\b"
    r"|\b(?:coda|cola|fila|queue|warteschlange|wachtrij|kolejka|kön|file d.attente)\b[^.\n]{0,40}?(?:non si (?:muove"
    r"|svuota)"
    r"|no (?:avanza|se (?:mueve|vac))|não (?:anda|avan|esvaz|sai)|bewegt sich nicht|leert sich nicht|niet leeg"
    r"|nie (?:schodzi|rusza)|töms inte|rör sig inte|n.avance pas|ne se vide pas)|\b(?:mail-?)?stau\b"
    r"|\bfår (?:\w+ )?tillbaka\b|\bzwrotk|\br.ckl.ufer\b|\bunzustellbarkeits"
    # where it should not be
    r"|\b(?:mails?|e-?mails?|messages?) (?:\w+ ){0,3}?(?:stay|remain)s? in\b"
    r"|\b(?:ends? up|lands?|land(?:et|en)|goes|go(?:ing)?|atterriss\w+|arriv\w+|acaba\w*|cae\w*|finis\w+|trafia\w*|hamna\w*"
    r"|komen|vão)\b[^.\n]{0,45}"
    r"(?:\bjunk|\bspam|quarant[aä]|\bindésirables?|\bno deseado|\bindesiderata|\blixo|śmieci|skräppost|\bongewenst)"
    # gone without a word
    r"|\b(?:disappear|vanish|verschw(?:ind|und)|dispara[iî]|disparu|desapare[cz]|sparisc|sparit|scompa[ri]|verdw[ie]"
    r"|znika|znikn"
    r"|försv[iu]nn)\w*|пропада\w+|исчеза\w+"
    # sv ru ja zh
    r"|\b(?:kommer|går|gick|fungerar) [^.\n]{0,25}\binte\b"
    r"|\b(?:k(?:an|unde) inte|inte k(?:an|unde)) (?:\S+ ){0,3}?(?:skicka|ta emot|nå|mejla|maila|svara|logga)\b"
    r"|не (?:приход|уход|отправл|доставл|доход|получа|работа|могу|можем|может)\w*"
    r"|(?:送信|受信|配信|送信エラー|送れ|届[かき]|メール)[^。\n]{0,12}(?:できな|できま|出来な|出来ま|ない|ません|失敗|拒否)"
    r"|(?:无法|不能|無法|收不到|发不出|發不出|退信|失败|失敗)"
)
# The same by its verb, wherever in the sentence: the words between are often names, addresses and numbers.
_MAIL: Final = (
    r"(?:e-?mails?|mails?|messages?|reports?|replies|invoices|newsletters?|notifications?|alerts?|deliver(?:y|ies)|others?"
    r"|ones?|rest|they|these|those|it|everything|half of (?:them|it))"
)
_WORDS: Final = r"(?:[^\s.;:!?]\S* ){0,6}?"
_FAILS_TOO = linear(
    r"(?i)\bnone (?:of \w+ )?(?:\w+ ){0,2}?(?:gets?|arriv\w+|goes|comes?|leaves?)\b"
    rf"|\b{_MAIL} {_WORDS}(?:do|does|did)(?:n.t| not)(?:[,.;)]|$)"
    rf"|\b{_MAIL} (?:[^\s.;:!?]\S* ){{0,3}}?(?:bounces?|c[oa]mes? (?:straight )?back|(?:stays?|sits?|waits?"
    rf"|remains?) in (?:the|a|one|our)"
    r"|gets? (?:stuck|lost|held|dropped)|(?:is|are) (?:\w+ )?(?:held|deferred|dropped|lost))\b"
    r"|\b(?:rejects?|refuses?|bounces|drops|defers|returns) (?:all|any|every(?:thing|one)?|each|our|my|us|it|them"
    r"|mails?|half)\b"
    r"|\b(?:gets?|got|getting|gives?|gave|sees?|returns?|throws?|shows?|has) (?:(?:an?|the|only|some|temporary|different"
    r"|strange|red|more|http) ){0,3}?(?:errors?|bounces?|ndrs?|white page|timeouts?|http [45]\d\d)\b"
    rf"|\b{_MAIL} {_WORDS}(?:(?:is|are) (?:\w+ )?(?:slow|late)|stuck|delayed|bounc(?:e[ds]?|ing)|rejected|refused"
    rf"|undeliver\w+|vanish\w*|hang[s]?|ends? (?:up )?in (?:spam|junk))\b"
    r"|\b(?:in|out)(?:bound|coming|going) (?:\w+ )?(?:stop(?:s|ped)|died|dead|is down|stuck|fails?)\b|\b(?:many|some"
    r"|most|all|they|others) refuse\b"
    r"|\b(?:instant|immediate|then|always|still) (?:an? )?bounces?\b|\bbounces? (?:within|immediately|instantly|at once"
    r"|every|each)\b"
    r"|\bgo(?:es)? nowhere\b"
    r"|\bnothing (?:ever )?(?:leaves|arrives|moves|(?:goes|comes|gets) (?:out|in|through|back))\b|\b(?:stays?|sits?"
    r"|waits?) in the (?:\w+ )?queue\b"
    r"|\b(?:everybody|everyone|people|users|customers) (?:waits?|complain\w*|gets? (?:errors?|bounces?|nothing))\b"
    r"|\b(?:log ?[io]n|sign-?in|authentication|submission|validation) (?:failed|fails|failing)\b"
    r"|\b(?:is|are|gets?|keeps?) (?:exploding|flooded|flooding|overflowing)\b|\bgiving up\b|\bcan.?(?:no)?t (?:open"
    r"|log ?in|log on)\b"
    # de
    r"|\bfehler (?:beim|bei|in der)\b|\bfehlgeschlagen\b|\bschlägt fehl\b|\bkommt es zu (?:fehler|verzögerung)\w*"
    rf"|\b(?:wird|werden|wurden?) {_WORDS}(?:abgewiesen|abgelehnt|zurückgewiesen|verworfen|verzögert|blockiert|gebounced?)"
    rf"|\b(?:komm(?:t|en)|geh(?:t|en)|send(?:et|en)|schick(?:t|en)|verschick(?:t|en)|empf(?:ä|a)ng(?:t|en)) {_WORDS}"
    r"(?:nicht(?:s| mehr| an| raus| durch)|keine?\w* mehr|nur (?:noch )?(?:sporadisch|manchmal|teilweise|verzögert)"
    r"|zu spät|verspätet|zurück)\b"
    r"|\bverzögerung(?:en)? von\b|\bals unzustellbar\w*|\b(?:stau(?:t|en) sich|füllt sich|läuft voll)\b"
    r"|\bbekommt? (?:\S+ ){0,6}?nichts? mehr\b"
    r"|\bbekommen (?:\S+ ){0,6}?(?:unzustellbar\w*|nichts? mehr|fehlermeldung\w*)"
    # fr
    r"|\béchou(?:e|ent|é)\b|\brefuse(?:nt)?\b|\brefus (?:immédiat|systématique)|\b(?:est|sont|été) refusée?s?\b"
    r"|\b(?:est|sont|été) rejetée?s?\b|\bn.\S+ (?:plus|pas|rien)\b|\brevien(?:t|nent)\b"
    r"|\bne (?:\S+ ){1,3}?(?:plus|pas|rien)\b|\b(?:différé|retardé|mis en attente)e?s?\b"
    # es
    r"|\brebot(?:an?|ó|es?)\b|\brechaz(?:an?|os?|ad\w+)\b|\bya no\b|\bqueda[n]? en (?:la )?cola\b|\b(?:no"
    r"|nunca) (?:\S+ )?(?:env[ií]an?|llegan?|salen?|entran?|reciben?|funcionan?)\b"
    # it
    r"|\brimbalz(?:a|ano|at[oiae])\b|\brimbalzo (?:immediato|ogni|subito)\b|\brifiut(?:a|ano|at[oiae]|o)\b"
    r"|\brespint\w\b|\bnon (?:\S+ )?(?:invia|arriva|manda|riceve|parte|esce|passa|funziona)(?:no)?\b|\bgli altri no\b"
    # pt
    r"|\bdevolvid[ao]s?\b|\brejeitad[ao]s?\b|\bretid[ao]s? na fila\b|\b(?:saída|entrada|envio"
    r"|fila) (?:\S+ ){0,3}?parad[ao]\b|\bnão (?:\S+ )?(?:consegue[m]?|chega[m]?|envia[m]?|recebe[m]?|sae?[im]?)\b"
    # nl
    r"|\bfoutmelding\w*|\bkrijg\w* (?:\S+ ){0,4}?(?:geen|niets)\b|\bkrijgt? (?:\S+ ){0,3}?(?:fout\w*|bounce\w*"
    r"|ndr.?s?)\b|\b(?:blijf|blijft|blijven|staat|staan) (?:\S+ ){0,3}?in de wachtrij\b"
    r"|\bgeweigerd\b|\b(?:kunnen|kan|wil|willen) (?:\S+ ){0,6}?niet(?: meer)?\b"
    # pl
    r"|\bnie (?:dostaj|docho|otrzym|przyjm|wchodz|odbier|wysy)\w*|\bprzesta(?:ł|l)\w*|\bodrzuc\w+|\b(?:poczta|kolejka"
    r"|wiadomości) (?:\S+ ){0,4}?(?:stoi|stoją|rośnie|utknęł\w+)"
    # sv
    r"|\bstuds(?:ar|ade|en|as)?\b|\bligger (?:\S+ ){0,3}?i (?:kö|kön)\b|\b(?:kan|kunde|får|går"
    r"|kommer) (?:\S+ ){0,6}?inte\b|\b(?:avvisas|nekas|stoppas)\b|\bingen (?:\S+ ){0,5}?(?:post|mejl)\b"
    # ja
    r"|(?:送信|受信|配信|返送|届|メール|接続)[^。\n]{0,60}?(?:できな|できま|ません|失敗|拒否|戻[っりさる]|返[っりさる]|遅延|遅れ|溜ま|エラー)"
    r"|(?:られ|でき|届か)なく(?:な[りっ])|エラー(?:でした|になり|になる|が(?:出|発生|返))"
)
# A queue that doesn't move, and mail that comes back: good news has the same words, with a denial among them.
_STUCK = linear(
    r"(?i)(?:\b(?:queues?|outbox|mail ?flow|warteschlangen?|files? d.attente|(?:la|una|nuestra) cola|la coda|wachtrij\w*"
    r"|kolejk\w*|fila (?:d|p)\S+|köe?[nr]?)\b[^.\n]{0,60}?"
    r"(?:\b(?:stuck|(?:in|on|auf|en) retry|retrying|growing|grows|fill\w*|backed up|piling|builds? up|suspended|steh\w*"
    r"|häng\w*"
    r"|voll|w[äa]chst|bloqu\w+|gross\w*|augment\w*|atascad\w+|crec\w+|parad\w+|fermat?\w*|cresc\w+|vast|groeit|sto[ií]\w*"
    r"|zablokow\w+|växer|fastn\w+|står)|rośnie)"
    r"|\b(?:mails?|e-?mails?|messages?|nachrichten?|correos?|mensajes?|messagg\w+|mejl\w*|poczt\w+|wiadomo\w+|courriels?"
    r"|allegati|berichten)\b[^.\n]{0,60}?"
    r"(?:\b(?:com(?:es?|ing) back|kommt? (?:\w+ ){0,4}?zurück|kommen (?:\w+ ){0,4}?zurück|häng(?:t|en)|stecken|stauen"
    r"|unzustellbar|reviennent?"
    r"|restent? (?:en (?:file|attente)|bloqu)|rebota\w*|devuel\w+|torna(?:no)? indietro|rimbalza\w*|voltam?|devolvid\w+"
    r"|(?:komt|komen) (?:\w+ ){0,3}?terug|wraca\w*|odbija\w*|studsa\w*|fastnar|utkn))"
    r"|(?:キュー|メール|配信)[^。\n]{0,20}(?:滞留|溜ま|たま|止ま|戻[っる]|返[っる]|遅延)|(?:队列|隊列)[^。\n]{0,12}(?:卡|堵|积|不动))"
)
# What a server, a program or a person does with mail that it does not take, and where mail waits: verbs and nouns that need no
# word for mail beside them, since whoever opens with a symptom leaves that word out.
_TURNED_AWAY = linear(
    r"(?i)\b(?:(?:it|this|which|everything|anything|replying|mails?|messages?|they|he|she|one|someone) "
    r"(?:\w+ ){0,2}?bounces?|bounces (?:at|back|within|immediately|right|straight|once|every|since|when|with|from))\b"
    r"|\b(?:gets?|got|getting|receives?|receiving|sees?) (?:[\w\x22-]+ ){0,4}?(?:bounces?|ndrs?|non-delivery"
    r"|undeliverables?|rejections?|refusals?|delay(?:ed)?\W{0,2} notices?|\x22undeliverable\x22|delivery failures?)\b"
    r"|\b(?:refuses?|rejects?|declines?|turns? away|sends? back|hands? back) (?:us|our|it|them|mails?|messages?"
    r"|every\w*|all"
    r"|that|this|these|exactly)\b|\b(?:are|is|was|were|gets?|been) turned (?:away|down)\b"
    r"|\b(?:says?|shows?|reports?|marked) failed\b|\bfailed for\b|\bcomplain(?:s|ed|ing)?(?: that|:| about)"
    r"|\bcomes? back (?:as|with|to the sender|straight|immediately|right away"
    r"|even|after)\b"
    r"|\b(?:can(?:no|.)?t|could ?n.t|won.t|will not|unable to|no longer"
    r"|none of [^.\n]{1,50} will) (?:\w+ ){0,2}?(?:scan|log ?(?:in|on)"
    r"|sign in|open|print|book|forward|submit|authenticate|relay|start)\b"
    r"|\b(?:do|does|did|is|are|was|were|ca|wo|has|have)(?:n.t| not) (?:[\w-]+ ){1,6}any ?more\b|\bstopped (?:working"
    r"|sending|receiving|arriving|delivering|relaying|accepting|flowing|there|since)\b"
    r"|\b(?:is|are|was|were|has|have)(?:n.t| not) (?:been |being )?(?:delivered|received|sent|moved|forwarded)\b"
    r"|\b(?:it|this|that|which|tests?|log[io]n|sending|scan\w*|authentication|validation|everything|she|he|they|one) "
    r"(?:\w+ ){0,4}?fails?\b(?: every| too| for| against| with| since| after|[,.;:]|$)"
    r"|\b(?:sits?|sitting|stays?|stands?|hangs?|waits?|piles? up|stuck|queued|queues) (?:\w+ ){0,2}?(?:in (?:a|the|one"
    r"|our|my|drafts"
    r"|the outbox|outbox)|still|there|since|for (?:hours|days|ages|\d)|and goes back)\b|\bpil(?:es|ing) up\b"
    # de
    r"|\b(?:lehnt|lehnen|weist|weisen|nimmt|nehmen) [^.\n]{1,60}?\b(?:ab|zurück|nicht an)\b|\b(?:verweiger(?:t|n)"
    r"|abgelehnt|abgewiesen"
    r"|zurückgewiesen)\b|\b(?:Ablehnung|Unzustellbarkeit|Rückstau|Fehlermeldung|Verzögerungsmeldung)"
    r"|\bnicht (?:mehr )?(?:akzeptiert|angenommen|durchgelassen|verarbeitet|ausgeliefert)\b"
    r"|\bnicht (?:mehr )?(?:zu|an|durch|raus|rein|weg|weiter)(?:[.,;:!)\n]|$)|\bkeinen? (?:TLS|STARTTLS|Verbindung"
    r"|Zustellung)"
    r"|\bschl(?:ägt|agen) [^.\n]{0,40}?fehl\b|\bfehlgeschlagen\b|\bgehen? (?:\w+ )?verloren\b|\b(?:nur noch"
    r"|immer) verzögert\b"
    r"|\bbleib(?:t|en) [^.\n]{0,60}?\b(?:in der (?:Warteschlange|Queue)|im (?:Postausgang|Entwürfe))|\bstaut? sich\b"
    r"|\bstauen sich\b"
    r"|\bkomm(?:t|en) (?:\S+ ){0,6}?(?:zurück|Recipient not found)|\bbricht (?:\S+ ){0,5}?ab\b|\bpendel[nt]\b"
    # fr
    r"|\b(?:refusée?s?|refus(?:e|ent) (?:de|nos|les|tout|le|la)|refus systématique|rejet(?:te|tent|ée?s?)|échec"
    r"|échou\w+|non.remise?"
    r"|mancato recapito)\b|\bn.\w+ (?:plus|jamais|aucune?|rien)\b|\bplus rien\b|\brest(?:e|ent) (?:dans|en|bloqu\w+)\b"
    r"|\ben quarantaine\b"
    r"|\bne (?:\S+ ){1,3}?(?:plus|pas|rien) (?:à |être )?(?:envoy|recev|écri|part|sort|arriv|livr|rem)\w*"
    # es pt it
    r"|\b(?:rechaz\S+|rebot(?:a|an|ó|aron|ado)|se qued(?:a|an|ó|aron) en|dej(?:a|an|ó|aron) de \w+r|devuelv\w+)\b"
    r"|\b(?:recusad[ao]s?|recusa(?:m|ndo)?|rejeitad\w+|rejeita(?:m|ndo)?|devoluç\S+|par(?:ou|aram) de \w+r|não sai nada"
    r"|fica(?:m)? na fila)\b"
    r"|\b(?:rifiut(?:a|ano|at\w)|respint\w|rest(?:a|ano) in coda|code [^.\n]{0,30}?crescono|non (?:\w+ )?(?:consegn"
    r"|accett|riusc|"
    r"permett|escono|esce|recapit)\w*|smesso di)\b"
    # nl pl sv
    r"|\b(?:weiger(?:t|en|de|den)|geweigerd|afgewezen|onbestelbaar|niet (?:\w+ )?(?:bezorgd|afgeleverd|toegestaan"
    r"|ontvangen|verzonden"
    r"|verstuurd|geaccepteerd)|valt? [^.\n]{0,30}?\bweg|loopt op|lopen op)\b"
    r"|\b(?:odrzuc\w+|zwrot(?:y|ka|ki)|wracaj\w+|krąż[yą]\w*|zatrzymuj\w+|przesta(?:ł|li|ły|ła|ło)|stoi w|stoją w"
    r"|nie (?:został|są |przyj|przechodz"
    r"|dosta|docier)\w*)|\b(?:nekas|nekade?s?|avvisas?|avvisade?s?|studsar?|(?:får|kommer|fick|kom) aldrig"
    r"|slutade? (?:att )?\w+"
    r"|köerna [^\n]{0,90}?växa)\b"
    # ja
    r"|(?:エラーに|エラーが|止まって|止まり|断られ|配信不能|失敗し|戻って|返りませ|返らな|返ってこ|届かな|届きませ|できなくな|拒否され)"
)
_NONE = linear(
    r"(?i)\b(?:no|not|nothing|none|never|n.t|nichts?|kein\w*|pas|plus|rien|aucun\w*|nada|ning\w*|niente|nessun\w*|niet"
    r"|niets"
    r"|geen|nic|inte)\b"
)
# What stands before a failure of which there is none.
_DENIED = linear(
    r"(?i)\b(?:no|not|never|nor|without|zero|0|keine?n?|nie|aucune?|sans|ning[uú]n|sin|nessun[ao]?|senza|geen|zonder|sem"
    r"|nenhuma?|bez|inga|utan) (?:[^\s,;.:]+ )?$"
)
_BEFORE: Final = 24  # characters in which such a word is looked for
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
    r"(?i)\b(?:is|was|are|were|got|been|now|has|have|it|that|we|i) fixed\b|(?:^|\n)\s*fixed\b|\bfixed(?: it| now|[.:!])"
    r"|\b(?:solved|(?:been|is now|was|now|issue|problem|incident) resolved|cured|all good|false alarm"
    r"|as expected|back to normal)\b|\b(?:works?|working"
    r"|flow\w*|running|goes|arriv\w+|delivered|fine|ok) (?:again|now)\b|\bnow (?:works?|flows?|goes)"
    r"|\bbehoben|\bgelöst|(?:geht|läuft|funktioniert) (?:jetzt )?wieder"
    r"|\brésolu|\bremarche|\bresuelto|\brisolto|\bopgelost|\bresolvido|\bfunciona de nuevo|\bno (?:more )?(?:failures?"
    r"|errors?|problems?) (?:since|any ?more|now|so far|left|today|at all)\b|\bno more (?:failures|errors|problems)\b"
)


# What is well again each morning, or for a while after a restart, is not over.
_RETURNS = linear(
    r"(?i)\b(?:every|each) (?:day|evening|night|morning|afternoon|week|time|few|hour|\w+day)|\b(?:now and then|from time to time"
    r"|on and off|for (?:some|a few|a couple of|several) (?:minutes|hours|days)|a while)\b|\b(?:jeden|jede) (?:tag|abend"
    r"|morgen|nacht|woche)"
    r"|\bab und zu\b|\bimmer wieder\b|\bchaque (?:jour|soir|matin|nuit|semaine)|\btous les (?:jours|soirs|matins)"
    r"|\bcada (?:d[ií]a|noche"
    r"|mañana|noite|manhã)|\btodos (?:los d[ií]as|os dias)|\bogni (?:giorno|sera|mattina|notte)|\belke (?:dag|avond|ochtend"
    r"|nacht)"
    r"|\bcodziennie|\bvarje (?:dag|kväll|morgon|natt)|毎(?:日|朝|晩)"
)


def complains(prose: str) -> bool:
    """Whether `prose`, the lines that nothing reads, tells of mail that fails and not that it is over."""
    told = prose[:_LONGEST]
    fails = _fails(told) or _REPORTS.search(told) or _stuck(told) or told_in_passing(told)
    return bool(fails) and (not _OVER.search(told) or bool(_RETURNS.search(told)))


def _fails(told: str) -> bool:
    at = (found.start() for pattern in (_FAILS, _FAILS_TOO, _TURNED_AWAY) for found in pattern.finditer(told))
    return any(not _DENIED.search(told[max(0, start - _BEFORE) : start]) for start in at)


def _stuck(told: str) -> bool:
    for found in _STUCK.finditer(told):
        behind = told[found.end() + 1 : found.end() + 8]
        if not _NONE.search(found.group(0)) and not _NONE.match(behind):
            return True
    return False
