"""One message that multiplies in the queues, told in a sentence: "thousands of entries for this single mail".

A server that delivers to itself receives each copy as a new message. Nothing else has to be pasted: the sentence names the queue.
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
from diagnostics.recognisers.told_settings import stated

KIND: Final = "told-multiplied"
_MANY: Final = (
    r"hundreds?|thousands?|millions?|endless\w*|countless|[1-9]\d{2,8}|[1-9]\d{0,2}[.,]\d{3}|hunderte\w*|tausende\w*|centaines|milliers"
    r"|cientos|miles|centinaia|migliaia|honderden|duizenden"
)
_COPIES: Final = (
    r"(?:queue )?(?:lines?|entries|copies)|eintr.ge\w*|kopien|zeilen|entr.es|entradas|copias|voci|copie"
    r"|regels|kopie.n"
)
_ONE: Final = (
    r"(?:(?:this|that|the|a|one|each|every) (?:one )?)?single|(?:just|only) one|eine\w{0,2} einzige\w{0,2}|une? seule?"
    r"|un solo|una sola|un unico|una singola|(?:een|één) enkele?"
)
_MAIL: Final = r"(?:e-?)?mails?|messages?|nachricht|courriels?|correos?|mensajes?|messaggi[oi]|berichte?n?"
_QUEUE: Final = r"\bqueues?\b|warteschlange|\bfiles? d.attente|\bcolas?\b|\bcod[ae]\b|\bwachtrij"
_OF: Final = r"(?:(?:for|of|from|per|with|von|zu|für|mit|de|pour|por|di|van|voor) |d.)?"
_MULTIPLIED = linear(
    rf"(?i)(?:{_QUEUE})[^.;?\n]{{0,80}}\b(?:{_MANY})\b[^.;?,\n]{{0,40}}\b(?:{_COPIES}) {_OF}(?:{_ONE}) (?:{_MAIL})\b"
)


@recogniser(rf"(?:{_MANY}).*(?:{_MAIL})", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    for index, _ in stated(reading, _MULTIPLIED):
        fact = Configured(source=source_at(reading, index), kind=KIND)
        return [artefact(reading, KIND, [index], [fact], {})]
    return []
