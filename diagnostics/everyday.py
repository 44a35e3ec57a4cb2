"""What fails as people tell it in passing: "it bounces", "stopped on Monday", "worked until the move", "comes back".

Any of these words stands in plans, lessons and jokes as well, so they count only beside a sign that it happened to somebody:
a time, or whose it is.
"""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear

_ENGLISH: Final = (
    r"\bbounc(?:e|es|ed|ing)(?:[.,;:!)]|$| (?:back|at|with|when|for|since|immediately|instantly|within|about|every\w*|all|in"
    r"|and|but"
    r"|because|from|until|once|straight|right|after|as|by|says|to|too|on|even|now)\b)"
    r"|\b(?:com(?:e|es|ing)|came|sent|goes|go|gets?|got|is|are|returns?) (?:it |them |\w+ly )?(?:straight |right )?back\b"
    r"|\b(?:refus|reject|declin|deferr?)(?:es|ed|s)\b|\bturn(?:s|ed) (?:\w+ )?(?:away|down)\b"
    r"|\b(?:stopped|quit|ceased|died)\b(?:[.,;]|$| (?:\w+ ){0,2}?(?:on|at|in|yesterday|today|this|last|since|when|after|for|with"
    r"|by|doing|being|the)\b)|\bstops? (?:again|after|when|every|now and then|for|at|there|here)\b"
    r"|\b(?:worked|was fine|were fine|was ok|went (?:well|fine|out|through)|ran|used to work) (?:\w+ ){0,3}?"
    r"(?:until|till|before|up to)\b|\b(?:worked|working) (?:\w+ ){0,2}?(?:for (?:\w+ )?years|always)\b"
    r"|\b(?:hangs?|hung|stalls?|stalled|crash(?:es|ed)?|dies|loops?|circles?|tim(?:es|ed) ?-?out|gets? stuck|chokes?)\b"
    r"|\b(?:none|neither|not one|nothing|nobody|no one|no \w+)(?: of)? (?:[\w-]+ ){0,6}?"
    r"(?:can|gets?|got|receiv\w*|arriv\w*|works?|goes|go|went|com(?:es|e|ing)|came|leaves?|left|reach\w*|any ?more|through"
    r"|delivered)\b"
    r"|\b(?:can(?:no|.)?t|could ?n.t|unable to|not able to|failed to|refuse[sd]? to|won.t|does ?n.t|do ?n.t|did ?n.t"
    r"|is ?n.t|are ?n.t|was ?n.t) (?:[\w-]+ ){0,4}?(?:validat|verif|select|sav|find|print|scan|log|sign|authenticat|relay|submit"
    r"|open|use|resolv|accept|get|come|go|work|appear|found|start|listed|see|trust|reach|connect)\w*"
    r"|\b(?:nothing|never) (?:do(?:es)?|did|has|have|arriv\w*|get|gets|got|came|reach\w*|sees?|saw)\b"
    r"|\b(?:arriv\w*|gets? it|delivered|comes?|came|reach\w*|waits?) (?:[\w-]+ ){0,6}?(?:too late|late|later|hours?|days?)\b"
    r"|\b(?:is|are|was|were|gets?|keeps?|has|have) (?:\w+ )?(?:been )?(?:delay(?:ed|s)|queued|held|stuck|waiting|pending|blocked"
    r"|returned|missing|lost|down|red|failing|refused|rejected|throttled)\b|\b(?:report|complain|say)\w* (?:of |about )?delays\b"
    r"|\b(?:sits?|sitting|stays?|waits?|waiting|pil(?:es|ing) up|queues? up) (?:[\w-]+ ){0,3}?(?:in|on|for) (?:the |our |a "
    r"|its )?"
    r"(?:[\w-]+ )?(?:queues?|retry|outbox|drafts?|submission|spool|hours?|minutes?)\b"
    r"|\bgoes? (?:in)?to nowhere|\bvanish\w*|\bdisappear\w*|\bswallow(?:s|ed)\b"
    r"|\b(?:gives?|gave|shows?|throws?|threw|gets?|got|ends?|complains?|says?) (?:[\w-]+ ){0,4}?(?:errors?|exceptions?|failure"
    r"|failed|bounces?|ndrs?|non-?delivery\w*|back)\b"
    r"|\bfail(?:s|ing)\b|\b(?:has|have|had|just|always|which|that|it|and|then|still|also|they|test|all) failed\b"
    r"|\b(?:too big|too large|not accepted|not found|not recognized|not trusted|not permitted|access denied|denied|unable to"
    r"|trouble|problem is|error is|error was|wrong with)\b|\bin retry\b|\b(?:ends? up|lands?) in\b|\bred\b"
)
_GERMAN: Final = (
    r"\b(?:komm(?:t|en|st)|kam(?:en)?|bekomm(?:t|en|e)|geh(?:t|en)|ging(?:en)?|erh[aä]lt(?:en)?|schick(?:t|en)) "
    r"[^\n]{0,120}?\bzur.ck\b"
    r"|\b(?:zur.ck(?:gewiesen|gestellt|geschickt)|abgelehnt|verweigert|abgewiesen|abgebrochen|gebounce?t|unzustellbar\w*"
    r"|lehnt|verweigert|bounce[nst]?|bounct|scheiter[nt]|schl.gt|st.rzt)\b"
    r"|\b(?:kein\w*|nichts|niemand|niemals|nie|nicht)\b[^.\n]{0,60}?\b(?:mehr|raus|rein|an|durch|zugestellt|ab|weg|hinaus)\b"
    r"|\bstau(?:en|t|te|ten)\b|\bh.ng(?:t|en)\b|\bbleib(?:t|en)\b[^\n]{0,80}?\b(?:h.ngen|liegen|stecken|stehen|entw.rfe\w*"
    r"|warteschlange\w*|postausgang)\b|\bst(?:eht|ehen|and) [^.\n]{0,80}?\b(?:mailfluss|still|warteschlange|ausstehend|retry"
    r"|wiederhol\w*)\b|\b(?:lief|liefen|ging|klappte|funktionierte)\w* [^.\n]{0,40}?\b(?:bis|vorher|immer)\b"
    r"|\b(?:timeout|fehler(?:meldung|code)?|st.rung|problem)\b|\bgeht (?:\w+ )?nicht|\bverweiger\w*|\bl.uft (?:\w+ )?nicht"
)
_ROMANCE: Final = (
    # fr
    r"\bn[e'’] ?(?:\S+ ){0,4}?(?:plus|pas|jamais|rien)\b|\b(?:plus|pas) (?:rien|aucun\w*)|\baucun\w* [^.\n]{0,40}?\bn[e'’]"
    r"|\brien (?:ne|n)\b|\b(?:sont|est|était|étaient|reste|restent|revien\w+) (?:\w+ )?(?:refus|rejet|bloqu|différ|retourn|coinc"
    r"|arrêt)\w*|\brevien(?:t|nent)\b|\ben (?:attente|échec|erreur|souffrance|nouvelle tentative)\b|\béchou\w+|\bboucle\b"
    r"|\bplante\w*"
    # es
    r"|\bvuelv\w+|\bdevolv\w+|\bdevuel\w+|\brechaz\w+|\brebot\w+|\b(?:dejó|dejaron|deja) de\b|\ben reintento\b|\bse qued\w+"
    r"|\bno (?:\w+ ){0,4}?(?:sal|entr|lleg|env|funcion|aparec|recib|pued|acept)\w*|\bfall(?:a|an|ó|aron|o)\b|\batasc\w+"
    # it
    r"|\bsmett\w+|\bsmesso\b|\b(?:resta|restano|rimang\w+|rimane)\b|\brespin\w+|\brifiut\w+|\btorna\w* indietro|\bnon recapit\w+"
    r"|\bnon (?:\w+ ){0,4}?(?:part|arriv|esc|funzion|ricev|accett|riesc|va\b|vanno)\w*|\bblocc\w+|\brallent\w+|\bfallisc\w+"
    # pt
    r"|\bvolt(?:ou|aram|am?)\b|\brecus\w+|\brejeit\w+|\bnão (?:\w+ ){0,4}?(?:cheg|sa[ei]|entr|envi|receb|funcion|conseg|aceit)\w*"
    r"|\bdeix(?:ou|aram) de\b|\bfalh(?:a|am|ou|aram)\b|\bparou\b|\bpararam\b"
)
_OTHERS: Final = (
    # nl
    r"\b(?:krijg\w*|ontvang\w*|kom(?:t|en)|gaa[tn]|ga|word(?:t|en)|zijn|is|kan|kunnen|werk\w*)\b[^.\n]{0,80}?"
    r"\b(?:niet|niets|geen|geweigerd|terug|tegengehouden|afgewezen|vertraagd)\b|\bblij(?:ft|ven)\b[^.\n]{0,60}?\b(?:hangen"
    r"|staan|liggen)"
    # pl
    r"|\bodbij\w+|\bodrzuc\w+|\bzwrot\w+|\bwraca\w*|\bnie (?:\w+ ){0,4}?(?:przyjm|przycho|docho|wycho|działa|wysył|dostaj|odbier"
    r"|dotar|mog[ęą]|może)\w*|\bstoi\b|\bstoją\b"
    # sv
    r"|\bstuds\w+|\bavvis\w+|\b(?:kan|kunde|får|går|kommer|fungerar)\b[^.\n]{0,60}?\binte\b|\binte (?:längre )?kan\b|\bfastn\w+"
    # ja
    r"|拒否|失敗|届か|届きま|返って|返され|戻って|溜まっ|出て行きません|送れな|送れません|できません|できない|エラー|遅延|止まっ"
)
_EVERYDAY = linear(rf"(?im){_ENGLISH}|{_GERMAN}|{_ROMANCE}|{_OTHERS}")
# Whose it is, and when: what is planned, taught or joked about seldom has a time that is over.
_HAPPENED = linear(
    r"(?i)\b(?:since|tonight|nachts|heute nacht|for (?:\w+ )?(?:days|weeks)|moved|switched|migrated|replaced|upgraded|set up"
    r"|old (?:server|one|box)"
    r"|every(?:one|body|thing) else|all (?:the )?others?|the others|other (?:people|users|devices|companies|addresses|domains"
    r"|customers)"
    r"|andere\w*|les autres|los demás|el resto|gli altri|le altre|os outros|qualquer outr\w|andra|tenemos|abbiamo|avons|temos"
    r"|hebben"
    r"|mamy|yesterday|today|tonight|this (?:morning|week|afternoon)|last (?:week|night|month|year|\w+day)|over ?night"
    r"|(?:on|until|till|from) (?:mon|tues|wednes|thurs|fri|satur|sun)day|days ago|always did|any ?more|no longer"
    r"|after (?:the |our |a )?"
    r"\w+|our|ours|us|my|mine|customer\w*|partner\w*|colleague\w*"
    r"|seit(?:dem|her)?|heute|gestern|nach (?:de[rm]|einem)|uns|unsere?\w*|mein\w*|kunde\w*|kolleg\w*"
    r"|depuis|hier|ce matin|cette nuit|après|nous|notre|nos|client\w*|desde|ayer|hoy|tras|nuestr\w+|cliente\w*|compañer\w*"
    r"|ieri|oggi|stamattina|dopo|nostr\w+|collega\w*|da quando|ontem|hoje|noss\w+|colega\w*|sinds|gisteren|vandaag|vannacht|onze?"
    r"|klant\w*|wczoraj|dzisiaj|dziś|po \w+|nas[zi]?\w*|klien\w+|sedan|igår|i natt|efter|v[åa]r[at]?|kund\w*)\b"
    r"|昨日|今朝|先週|以降|以来|から|弊社|当社|後"
)
# Plans, lessons, questions about how a thing is done, good news.
_CALM = linear(
    r"(?i)\b(?:how (?:do|can|would|should) (?:i|we|you)|what does|what.s the difference|does any(?:one|body) (?:have|know"
    r"|use)|lesson"
    r"|runbook|checklist|reading list|reminder|release notes|documentation|docs|trivia|meeting minutes|agenda"
    r"|maintenance (?:window|tonight)"
    r"|we (?:will|plan)|planned|fyi|dashboards?|sprint|retro|drill|baseline|yearly|redundant|kudos|congrat\w*"
    r"|well done|please review|reviewed|merged|as (?:expected|designed|intended)"
    r"|wie kann (?:ich|man)|wartung\w*|geplant|zur info|zusammenfassung|maintenance pr.vue|mantenimiento programado|erinnerung)\b"
)
# A line that a mail client or an editor broke goes on in the next one.
_BROKEN = linear(r"(\w,?)[ \t]*\n(\w)")


def told_in_passing(told: str) -> bool:
    """Whether everyday words tell that something fails, and that it happened."""
    told = _BROKEN.sub(r"\1 \2", told)
    return bool(_EVERYDAY.search(told)) and bool(_HAPPENED.search(told)) and not _CALM.search(told)
