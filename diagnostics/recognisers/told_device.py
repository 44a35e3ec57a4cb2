"""That a device or an application of one's own is what sends: "our printer can't send any more".

Read only beside a mail server's log of whom it refused: there it tells that the client is no foreign server.
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
from diagnostics.recognisers.told_relaying import SENDERS
from diagnostics.recognisers.told_settings import answers, stated

KIND: Final = "told-device"
_OURS: Final = (
    r"our|my|the|this|that|an?|one of|all|unser\w{0,2}|mein\w?|der|die|das|ein\w?|notre|nos|mon|une?|le|la|les|nuestr[oa]s?|el"
    r"|un[oa]?|nostr[oaie]|il|onze|de|het"
)
_SENDS: Final = (
    r"send|sent|e-?mail|mails?\b|scan(?:s|ned)? to|deliver|(?:ver)?send\w*|verschick\w*|envoie|envoy\w+|env[ií]a\w*|manda"
    r"|invia\w*|verstuur\w*|verzend\w*|notif"
)
_SENDER = linear(
    rf"(?i)\b(?:{_OURS}) (?:[\w-]{{1,20}} ){{0,3}}?({SENDERS})\b[^.;\n]{{0,80}}?\b(?:{_SENDS})"
    rf"|\b(?:{_SENDS})[^.;\n]{{0,60}}?\b(?:from|of|by|von|vom|aus|de|du|des|desde|da|van) (?:{_OURS}) "
    rf"(?:[\w-]{{1,20}} ){{0,3}}?({SENDERS})\b"
)


@recogniser(r"\breject: [A-Z-]{3,20} from ", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _SENDER, asked=True):
        device = next(str(each) for each in told.groups() if each).lower()
        fact = Configured(source=source_at(reading, index), kind=KIND, name=device)
        return [artefact(reading, KIND, [index], [fact], {"device": device})]
    return []
