"""A recipient in a domain that exists inside networks only (contoso.local, fabrikam.internal), as a text names it by a failure.

A sender of such a name is every second server's default and tells nothing, so the line has to speak of whom mail was for.
Source: https://www.iana.org/assignments/special-use-domain-names/
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
from diagnostics.recognisers.told_settings import MOST_LINES, answers

_INSIDE: Final = r"local|internal|lan|localdomain|corp|intra|home\.arpa"
_ADDRESS = linear(rf"(?i)[\w.+'-]{{1,64}}@((?:[a-z0-9-]{{1,63}}\.){{1,6}}(?:{_INSIDE}))\b(?:$|[^.\w-]|\.(?:$|\W))")
_FOR = linear(
    r"(?i)\b(?:to|rcpt|recipients?|for|deliver\w*|destination|e-?mail|address(?:ee)?|invit\w+|an|empf.nger|destinataire|pour"
    r"|para|destinatario|per|naar|ontvanger)\b"
)
_FROM = linear(
    r"(?i)\b(?:from|senders?|return[ -]path|envelope|mail from|absender|exp.diteur|remitente|mittente|afzender|von|de)\b"
)


@recogniser(rf"@[\w.-]{{1,253}}\.(?:{_INSIDE})\b", rank=94)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such line."""
    if not answers(reading):
        return []
    for index, line in reading.sentences()[:MOST_LINES]:
        text = line[:1000]
        found = _ADDRESS.search(text)
        if found and _FOR.search(text[: found.start()]) and not _FROM.search(text):
            fact = Configured(source=source_at(reading, index), kind="inside-recipient", name=found.group(1).lower())
            return [artefact(reading, "told-recipient", [index], [fact], {"domain": fact.name})]
    return []
