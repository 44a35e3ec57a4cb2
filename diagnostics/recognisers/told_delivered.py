"""That the message arrived which a report calls undeliverable, as a person tells: "he has it, and I still get an NDR".

Then a copy of it failed, which a rule, a forwarding or a group sent on. Read only beside something else that was pasted.
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

# "it arrives, but the sender also gets an NDR", "a bounce, although the mail is in his inbox": of the one message.
_REPORT: Final = (
    r"ndrs?|bounces?|bounce[- ]?(?:message|mail)s?|undeliverable|non-?delivery|delivery (?:failure|status)"
    r"|error (?:message|mail)s?|unzustellbar\w*|fehlermeldung\w*|rapport de non-remise|informe de no entrega|mancato recapito"
)
_THERE: Final = (
    r"(?:arriv(?:es?|ed)|(?:is|was|gets?|got|been) (?:\w+ )?(?:delivered|received)"
    r"|(?:is|sits|lands?|landed|ends up) in (?:\w+ )?inbox"
    r"|(?:receives?|received|has|gets?|got) (?:the|this|that|every|each) (?:e-?)?(?:mails?|messages?)|kommt (?:\w+ )?an"
    r"|angekommen|zugestellt|est (?:bien )?arriv.e?|llega)"
)
_BOTH = linear(
    rf"(?i)\b{_THERE}\b[^.;?\n]{{0,40}}\b(?:but|yet|and|aber|mais|pero)\b[^.;?\n]{{0,24}}"
    r"\b(?:also|too|still|nevertheless|anyway|additionally|trotzdem|dennoch|auch|aussi|tambi.n)\b"
    rf"[^.;?\n]{{0,30}}\b(?:{_REPORT})\b"
    rf"|\b(?:{_REPORT})\b[^.;?\n]{{0,40}}\b(?:although|though|even though|despite|obwohl|bien que|aunque)\b"
    rf"[^.;?\n]{{0,50}}\b{_THERE}"
)
# Two messages, of which one arrives and the other does not.
_APART = linear(
    r"(?i)\b(?:from|internal\w*|external\w*|some|others?|another|only|von|intern\w*|extern\w*|andere\w*|manche|nur|not|never|n.t)\b"
)


@recogniser(_THERE, rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    if not answers(reading):
        return []
    for index, told in stated(reading, _BOTH):
        if not _APART.search(told.string[: told.end()].rpartition(". ")[2]):
            fact = Configured(source=source_at(reading, index), kind="told-delivered", name="the recipient's mailbox")
            return [artefact(reading, "told-delivered", [index], [fact], {"told": told.group(0)[:80]})]
    return []
