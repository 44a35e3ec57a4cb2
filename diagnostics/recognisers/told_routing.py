"""That an object lacks the routing address of its mailbox in the cloud, as a person tells: `no routing address is set`.

Read only beside something else that was pasted, or in what answers a question.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import answers, stated

_ADDRESS = r"(?:mail\.onmicrosoft\.com|\b(?:remote )?routing ?address\b|\bRemoteRoutingAddress\b)"
_LACKS = linear(
    r"(?i)\b(?:no|without(?: an?)?|missing|lacks?(?: an?)?|n.t have an?|kein\w*|ohne|aucune?|sans|ningun[ao]?|sin"
    r"|nessun\w*|senza|geen"
    rf"|zonder)\b[^.,;\n]{{0,30}}{_ADDRESS}"
    rf"|{_ADDRESS}[^.,;\n]{{0,30}}\b(?:missing|fehlt|not (?:set|there)|is empty|manquante?|falta|manca|ontbreekt)"
)


@recogniser(r"(?:mail\.onmicrosoft\.com|routing ?address)", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, _ in stated(reading, _LACKS):
        fact = Configured(source=source_at(reading, index), kind="recipient", values=(("RemoteRoutingAddress", ""),))
        return [artefact(reading, "told-routing", [index], [fact], {"RemoteRoutingAddress": "none"})]
    return []
