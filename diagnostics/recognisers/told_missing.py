"""That a part of the mail from outside never arrives, as a person tells: "some customers' messages never reach us, others do".

Beside a domain's MX records it tells that senders are led to different places. Mail that the person's own people send is another
matter. Read only beside something else that was pasted.
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

KIND: Final = "told-missing"
_PART: Final = (
    r"(?:some|certain|several|few|half|part|portion|not all|not every\w*|sometimes|random\w*|intermittent\w*"
    r"|occasional\w*|sporadic\w*"
    r"|manche\w?|einige\w?|einzelne\w?|teil|teilweise|h.lfte|nicht alle\w?|manchmal|sporadisch|vereinzelt|mal"
    r"|certain(?:e?s)|quelques|partie|moiti.|parfois|pas tous"
    r"|algun[oa]s|ciert[oa]s|parte|mitad|a veces|no todos"
    r"|alcun[ie]|met.|a volte|non tutt[ie]|sommige|deel|helft|soms|niet alle"
    r"|algum\w?s|metade|vezes|niekt.r\w+|cz..|po.ow\w|czasami|nie wszyst\w+)"
)
_GONE: Final = (
    r"(?:(?:never|not|n.t|no longer|nothing) (?:\w+ ){0,2}(?:reach\w*|arriv\w*|receiv\w*|come|comes|get|gets|turn"
    r"|show|deliver\w*|land\w*)"
    r"|(?:is|are|was|were|go|goes|went|gets?) (?:\w+ )?(?:missing|lost)|vanish\w*|disappear\w*|(?:old|former"
    r"|previous) (?:mailbox\w*"
    r"|host\w*|provider\w*|server)|not all (?:\w+ ){0,3}arriv\w+"
    r"|komm\w* (?:\S+ ){0,3}(?:nicht|nie)\b|nicht (?:mehr )?(?:an\b|ankomm\w*)|fehl(?:en|t)\b|verschwind\w+|verloren"
    r"|alte[nrms]? (?:postf.ch\w*|hoster|anbieter|server)|n.arriv\w+ (?:pas|jamais|plus)|jamais (?:re.u\w*"
    r"|arriv\w*)|perdu\w*|disparai\w+|manqu\w+"
    r"|n[uo]nca (?:nos )?lleg\w+|no (?:nos )?lleg\w+|se pierd\w+|falta\w*|desapare\w+|non (?:ci )?arriv\w+"
    r"|mai arriv\w+|spari\w+|pers[ei]\b"
    r"|komt (?:\S+ )?niet|komen (?:\S+ )?niet|nooit aan\w*|verdwijn\w*|kwijt|n.o (?:nos )?cheg\w+|nunca cheg\w+|perde\w*"
    r"|nie (?:do nas )?(?:dochodz\w+|docier\w+|przychodz\w+)|gin\w\b|znika\w*)"
)
_TOLD = linear(rf"(?i)(?:^|[^\w]){_PART}\b[^.;\n]{{0,90}}?(?:\b{_GONE})|(?:\b{_GONE})[^.;\n]{{0,60}}?\b{_PART}\b")
_OUTWARD = linear(
    r"(?i)\b(?:our|my|unsere\w?|meine\w?|nos|nuestr[oa]s|nostr[ei]|onze|noss[oa]s|nasz\w*)\b (?:\w+ )?(?:e-?mails?"
    r"|messages?|quotes?|invoices?"
    r"|newsletters?|mailings?|nachrichten|angebote|rechnungen|devis|factures|correos|mensajes|facturas|messaggi"
    r"|fatture|berichten)\b"
    r"|\bwe (?:send|sent|write)\b|\bwir (?:schicken|senden)\b|\bnous envoyons\b|\benviamos\b|\binviamo\b"
)


@recogniser(r"(?:\bMX\b|mail exchanger|NameExchange|mail is handled by)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _TOLD, asked=True):
        if not _OUTWARD.search(told.string[:1000]):
            fact = Configured(source=source_at(reading, index), kind=KIND, name="some")
            return [artefact(reading, KIND, [index], [fact], {"told": told.group(0).strip()[:80]})]
    return []
