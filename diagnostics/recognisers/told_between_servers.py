"""That what fails is mail between Exchange servers of one's own: "we can't send to the other internal Exchange server".

Then the name that isn't found is one that only the own network knows, and no provider closes the port. Read only beside
something else that was pasted.
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

_SERVER: Final = r"(?:exchange(?: ?20\d\d| se)?|hub(?: transport)?|mailbox)[ -]?(?:servers?|servern|boxes|hubs)\b"
_SERVERS: Final = rf"(?:{_SERVER}|serveurs exchange\b|servidores exchange\b|servers? exchange\b)"
_BETWEEN = linear(
    r"(?i)\b(?:e-?mails?|messages?|sent|queues?|nachrichten|courriers?|correos?)\b[^.;\n]{0,30}?\b(?:from|von|de|da|van) "
    r"(?:\w+ )?exchange (?:server )?20\d\d (?:to|an|nach|vers|a|naar) (?:\w+ )?exchange (?:server )?20\d\d\b"
    rf"|\b(?:between|zwischen|entre|fra|tra|tussen|among) (?:[\w-]+ ){{0,3}}{_SERVERS}"
    r"|\b(?:to|through|via|with|and|towards?|from|an|zu|zum|über|von|vom|vers|au|avec|al|con|naar|met)[ /](?:\w+ )?"
    r"(?:the|our|my|an?|one|de[mnr]|unser\w{0,2}|l.|notre|nuestro|el|il|nostro|de|het|ons|onze) ?"
    r"(?:other|second|2nd|another|ander\w{1,2}|zweite\w?|autre|second|otro|segundo|altro|secondo|andere|tweede)"
    rf" (?:internal |intern\w* )?{_SERVERS}"
)
_CLOUD = linear(
    r"(?i)\bexchange online\b|\b(?:office|microsoft) ?365\b|\bo365\b|\bm365\b|\bhybrid\b|\bpartner|\bother compan"
)
# Where nothing goes anywhere, the servers inside are no exception.
_EVERYWHERE = linear(
    r"(?i)\banywhere\b|\bnowhere\b|\b(?:neither|not|nor|no|weder|noch|kein\w*|ni)\b[^.;\n]{0,24}?\b(?:extern\w*|outside|internet)\b"
    r"|\b(?:both|internal and|intern und)\b[^.;\n]{0,20}\bextern"
)

# "The IP shown is the public one of the other server."
_PUBLIC = linear(
    r"(?i)\b(?:ip|address|adresse|direcci.n|indirizzo|adres)\b[^.;\n]{0,40}?"
    r"(?:\b(?:public|external|externe?|publique|p[uú]blica|pubblico|openbar\w*)\b|öffentlich)"
    r"|\b(?:public|external) (?:ip|address)|öffentlich\w{0,3} (?:ip|adresse)"
)


@recogniser(rf"{_SERVERS}|\bexchange (?:server )?20\d\d\b", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _BETWEEN):
        if not (_CLOUD.search(told.string) or _EVERYWHERE.search(told.string)):
            address = "public" if any(stated(reading, _PUBLIC)) else ""
            values = (("Address", address),)
            fact = Configured(
                source=source_at(reading, index), kind="told-between-servers", name="exchange", values=values
            )
            return [
                artefact(reading, "told-between-servers", [index], [fact], {"told": "own servers", "address": address})
            ]
    return []
