"""That an Exchange server is switched off, as a person tells: "we migrated and shut the old server down, and now …".

What is still routed to it gets no answer, and nothing is wrong with the network. Read only beside something else that was pasted.
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

_SERVER: Final = (
    r"(?:old|former|previous|legacy|source|alte[nrs]?|ancien\w*|vieux|antiguo|viejo|vecchio|oude|gamla|star\w{1,3}|antigo)"
    r" (?:\w+ ){0,2}?(?:exchange|servers?|node|machine|vm|dag member|serveur|servidor|nodo|serwer\w*)"
)
# A server by its name, as people call theirs: EX01, EXCH-2, MBX3.
_NAME: Final = r"(?:ex(?:ch(?:ange)?)?|mbx|mail|hub|cas|edge|srv|server)[a-z]{0,4}-?\d{1,3}"
_LATIN_ORDER: Final = r"(?:serveur|servidor|server) (?:exchange )?(?:ancien|antiguo|viejo|vecchio|antigo)"
_OFF: Final = (
    r"shut ?down\w*|shut (?:it |this |that )?down|power(?:ed|ing)? (?:it )?(?:off|down)|(?:turn|switch)(?:ed|ing)? (?:it )?off"
    r"|stopped|offline|taken down|took down|decommission\w*|unplugged|abgeschaltet|ausgeschaltet|heruntergefahren|stillgelegt"
    r"|.teint\w*|arr.t.\w*|apagad\w+|apagamos|spento|spegnere|uitgezet|uitgeschakeld|st.ngt\w*|wy..czon\w*|desligad\w+"
)
_SWITCHED_OFF = linear(
    rf"(?i)\b(?:{_OFF})\b[^.;\n]{{0,30}}\b(?:{_SERVER}|{_LATIN_ORDER})\b"
    rf"|\b(?:{_SERVER}|{_LATIN_ORDER})\b[^.;\n]{{0,40}}\b(?:{_OFF})(?:\W|$)"
    rf"|\b(?:{_OFF}) (?:\w+ ){{0,2}}?({_NAME})\b|\b({_NAME}) (?:\w+ ){{0,2}}?(?:{_OFF})(?:\W|$)"
)
_NEVER = linear(r"(?i)\b(?:not|n.t|never|no longer|before|nicht|kein\w*|pas|nunca|niet)\b")
# Where the messages that wait are going, in a person's words: "with delivery type SMTP relay to the old server".
_GOES_THERE = linear(
    r"(?i)\b(?:queue\w*|deliver\w*|relay\w*|next ?hop|rout\w+|stuck|wait\w*|warte\w*|hang\w*|sent|sends?|attente|espera\w*"
    r"|coda)\b"
    rf"[^.;\n]{{0,50}}\b(?:to|for|towards?|via|through|zum|zu dem|auf den|vers|pour|al|hacia|verso|naar)\b"
    rf"[^.;\n]{{0,12}}\b(?:{_SERVER}|{_NAME})\b"
)


@recogniser(rf"\b(?:{_OFF})(?:\W|$)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence; `Waits` is True where what waits is told to be for that server."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _SWITCHED_OFF):
        if not _NEVER.search(told.group(0)):
            name = str(told.group(1) or told.group(2) or "").lower()
            waits = any(name in goes.group(0).lower() for _, goes in stated(reading, _GOES_THERE, asked=True))
            values = (("Waits", "True"),) if waits else ()
            fact = Configured(source=source_at(reading, index), kind="told-off", name="server", values=values)
            return [artefact(reading, "told-off", [index], [fact], {"told": told.group(0)[:80]})]
    return []
