"""That a run of mail goes well for a while: "after 25 emails I get the error", "the first 40 messages are sent, then it fails".

What counts is a limit on the rate or the number, whatever words the refusal has. Read only beside something else that was pasted.
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

KIND: Final = "told-after-many"
_MAILS: Final = r"(?:e-?mails?|mails?|messages?|recipients?|nachrichten|courriels|correos|messaggi|berichten)"
_SOME: Final = (
    r"(?:about|around|some|roughly|approximately|exactly|sending|the first|a series of|etwa|rund|ungefähr|environ|unos"
    r"|circa)"
)
_TOLD = linear(
    rf"(?i)\b(?:after|nach|après|después de|dopo|na) (?:{_SOME} ){{0,3}}\d{{1,5}}\b[^.;\n]{{0,20}}?\b{_MAILS}\b"
    rf"|\b(?:after|nach) (?:{_SOME} ){{1,3}}{_MAILS}\b[^.;\n]{{0,30}}?\d{{1,5}}\b"
    rf"|\b(?:the )?first (?:{_SOME} )?\d{{1,5}} {_MAILS}\b[^.;\n]{{0,30}}?\b(?:go(?:es)?|went|are|were|get|sent|work)\b"
    rf"|\bdie ersten \d{{1,5}} {_MAILS}\b"
)


@recogniser(rf"\b(?:after|nach|après|después de|dopo|na|first|ersten)\b.*\b{_MAILS}\b", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    told = next(iter(stated(reading, _TOLD)), None)
    if told is None:
        return []
    fact = Configured(source=source_at(reading, told[0]), kind=KIND, name=told[1].group(0)[:80])
    return [artefact(reading, KIND, [told[0]], [fact], {"told": fact.name})]
