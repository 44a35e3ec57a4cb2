"""That mail to everybody else goes out, as a person tells: "all other domains work", "only this queue hangs", "le altre vanno".

What fails for one destination alone is not this server's way out, nor its resolver. Read only beside something else that was
pasted, or as an answer in a thread.
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

_PLACES: Final = (
    r"(?:domains?|destinations?|queues?|recipient domains?|providers?|partners?|dom.nen|ziele|empf.nger|warteschlangen|domaines"
    r"|files|destinataires|dominios|destinos|colas|domini|destinazioni|code|domínios|filas|domeinen|bestemmingen|wachtrijen"
    r"|domeny|kolejki|domäner|köer|mottagare)"
)
_OTHERS: Final = (
    rf"(?:(?:all |the )*(?:others|other {_PLACES})|everything else|the rest|(?:(?:alle|die) )?andere[n]? {_PLACES}"
    rf"|(?:alle|die) anderen|alles andere|der rest|(?:tous |toutes )?les autres(?: {_PLACES})?|tout le reste"
    rf"|l[oa]s (?:demás|otr[oa]s)(?: {_PLACES})?|el resto(?: de (?:los )?{_PLACES})?"
    rf"|(?:tutt[ie] )?(?:gli altri|le altre)(?: {_PLACES})?|il resto|(?:tod[oa]s )?[oa]s (?:outr[oa]s|demais)(?: {_PLACES})?"
    rf"|o resto|de rest|(?:wszystkie )?(?:inne|pozostałe) {_PLACES}|reszta|(?:alla )?(?:andra|övriga) {_PLACES}|resten)"
)
_FINE: Final = (
    r"(?:works?|working|fine|okay|ok|go(?:es)? (?:out|through)|(?:is|are|get|gets) (?:being )?delivered|flows?|gehen|geht"
    r"|laufen|läuft|funktionier\w+|kommen (?:an|durch)|passent|passe|fonctionnent?|marchent|partent|sans problème|van bien"
    r"|funcionan?|salen?|se entregan|llegan|vanno|funzionano|funziona|partono|arrivano|senza problemi"
    r"|funcionam?|saem|vão bem|sem problemas?"
    r"|werken|werkt|gaan|gaat|działają|działa|wychodzą|wychodzi|fungerar|går)"
)
_ONLY: Final = (
    rf"(?:only|just) (?:this|that|the one|one) {_PLACES}|nur (?:diese[rs]?|die|das|der)(?: eine)? (?:{_PLACES}|domain|queue"
    r"|domäne|warteschlange|ziel)|(?:seul(?:ement)?|uniquement) (?:ce domaine|cette file|cette destination)"
    r"|s[oó]lo (?:est[ea] )(?:dominio|cola|destino)|solo quest[oa] (?:dominio|coda|destinazione)|só este domínio|só esta fila"
    r"|alleen (?:dit domein|deze wachtrij)|tylko ta (?:domena|kolejka)|bara (?:den här )?(?:domänen|kön)"
)
_TOLD = linear(
    rf"(?i)(?:^|[\s(,;:-]){_OTHERS}\b[^.,;:?\n]{{0,30}}?\b{_FINE}(?:\b|$)|(?:^|[\s(,;:-])(?:{_ONLY})\b"
    r"|他の?(?:ドメイン|宛先|キュー)[^。\n]{0,8}(?:届|問題な|正常|送れ)"
)
# They are not well either, it is mail that comes in, or what works for others is no delivery.
_NOT = linear(
    r"(?i)n't\b|(?:^|[\s(])(?:not|nicht|kein\w*|ne|pas|non|nie|não|niet|inte|neither|nor|except|no (?:van|funcion|sal|lleg)\w*)\b"
    r"|\b(?:receiv\w+|incoming|inbound|to us|can send|users?|eingehend\w*|empfangen|entrant\w*|in arrivo|inkomend\w*)\b"
)


# A connection or a look-up: where another thing fails, the others say nothing of it.
_ABOUT = linear(r"(?i)\b(?:10060|10061|10051|10065|0000274C|timed ?out|unable to connect|DNS)\b")
_DOUBT = linear(
    r"(?i)\b(?:maybe|perhaps|might|should|whether|if|no|vielleicht|ob|wenn|falls|keine?|peut-.tre|si|quiz.s?|forse|se|talvez"
    r"|misschien|of|czy|om)\s(?:\w+\s)?$"
)


@recogniser(
    r"\b(?:other|else|the rest|only|just|andere[nr]?|rest|nur|autres?|reste|demás|otr[oa]s|resto|s[oó]lo|altr[ie]|outr[oa]s"
    r"|demais|só|alleen|inne|pozostałe|reszta|tylko|andra|resten|bara)\b"
    r"|vriga|他",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _TOLD):
        line, start, end = told.string, told.start() + 1, told.end()
        if (
            _NOT.search(told.group(0))
            or _NOT.search(line[end : end + 40])
            or _DOUBT.search(line[max(0, start - 30) : start])
        ):
            continue
        if not (reading.paste.index or any(_ABOUT.search(each) for each in reading.paste.lines)):
            return []
        fact = Configured(source=source_at(reading, index), kind="told-others", name="flow")
        return [artefact(reading, "told-others", [index], [fact], {"told": told.group(0)[:80]})]
    return []
