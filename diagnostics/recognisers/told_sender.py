"""That the mail that fails is sent from another address than the account's own: "we cannot send with our aliases any more".

Submission servers let an account send as its own addresses only. Read only beside something else that was pasted.
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
from diagnostics.recognisers.told_settings import in_sight, stated

_SENDS: Final = r"(?:send|sent|sending|sends|repl(?:y|ies|ying)|respon\w+)"
_SENDING: Final = (
    r"senden|versenden|verschicken|schreiben|antworten|envoyer|répondre|enviar|responder|inviare|rispondere|verzenden"
)
_OTHER: Final = (
    r"(?:e-?mail |mail |sender )?alias(?:es)?\b|(?:an)?other (?:sender|from|e-?mail) address|different from\b"
)
_ANDERS: Final = r"alias\w*|andere[nr]? absender\w*|autre adresse|otra dirección|altro indirizzo|ander adres"
_FROM_OTHER = linear(
    rf"(?i)\b{_SENDS}\b[^.;\n]{{0,60}}?\b(?:from|as|with|over|via|using|through) (?:\w+ ){{0,3}}?(?:{_OTHER})"
    rf"|\b(?:mit|von|über|unter|avec|depuis|con|desde|da|met|vanaf)\b[^.;\n]{{0,30}}?\b(?:{_ANDERS})\b[^.;\n]{{0,60}}?"
    rf"\b(?:{_SENDING})\b"
)


@recogniser(rf"alias|{_OTHER}|{_ANDERS}", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first sentence that says so."""
    if not in_sight(reading):
        return []
    for index, told in stated(reading, _FROM_OTHER):
        fact = Configured(source=source_at(reading, index), kind="other-sender", name=told.group(0)[:80])
        return [artefact(reading, "told-sender", [index], [fact], {"told": fact.name})]
    return []
