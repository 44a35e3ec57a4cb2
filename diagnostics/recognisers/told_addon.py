"""A service that mail is sent through and comes back from, told in a sentence: signatures, archives, encryption, filters; and a
filter that stands before both of two organizations.

Read only beside something that was pasted. What comes back from it matches the rule that sent it there, unless that excepts it.
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

_NAMES: Final = "exclaimer|codetwo|crossware|letsignit|rocketseed|opensense|signature ?365"
_SERVICE = linear(
    r"(?i)\b(?:signatur\w{0,3}|disclaimer|encryption|archiv\w{0,5}|verschlüsselungs?)[ -]?"
    r"(?:gateway|service|dienst|add-?(?:in|on)|appliance|software|solution|lösung|provider|server)\b"
    rf"|\b(?:{_NAMES})\b|\bre-?inject(?:s|ed|ing|ion)?\b"
)
# A filter alone is no suspect, everybody has one. "Both behind Mimecast", "le même antispam": then what leaves the one side
# through it comes to the other through it, and a connector that takes the service's mail for its own tenant's sends that back.
_FILTER: Final = (
    r"(?:(?:anti-?spam|spam|mail|e-?mail|smtp)[ -]?(?:filter\w{0,3}|gateway|service|dienst|provider|l.sung|solution)|anti-?spam"
    r"|(?:filtre|filtro|passerelle|pasarela) (?:anti-?)?(?:spam|pourriels?|de correo)|mimecast|barracuda|proofpoint|ironport"
    r"|hornet ?security|mailinblack|vade(?: ?secure)?|spamtitan|messagelabs|retarus|sophos|fortimail|nospamproxy)"
)
_SAME: Final = (
    r"(?:same|identical|common|shared|gleich\w{1,2}|selben?|d(?:er|ie|as|em|en)selben?|m.me|commun|mism[oa]|com.n|stess[oa]"
    r"|comune|zelfde|mesm[oa]|sam(?:ego|ym))"
)
_BOTH: Final = (
    r"(?:both|beide\w?|(?:tous |toutes )?les deux|chacune?|ambos|ambas|entramb[ie]|allebei|obie|obydwie|they also)"
)
_HAVE: Final = (
    r"(?:us(?:e|es|ing)|behind|ha(?:ve|s)|run|through|via|with|hinter|haben|nutzen|derri.re|ont|utilisent|tras|detr.s|usan|tienen"
    r"|dietro|usano|hanno|achter|hebben|gebruiken|atr.s|t.m)"
)
_TWICE = linear(
    rf"(?i)\b{_SAME}\b (?:[\w'-]+ ){{0,2}}?({_FILTER})\b|\b{_BOTH}\b[^.;\n]{{0,40}}?\b{_HAVE}\b[^.;\n]{{0,16}}?\b({_FILTER})\b"
    rf"|\b({_FILTER})\b[^.;\n]{{0,24}}?\b(?:on|at|for|in front of|auf|bei|vor|des|de|en|in|aan|voor)\b (?:the )?"
    rf"{_BOTH}\b"
)
_NOT_SAME = linear(r"(?i)\b(?:not|n.t|no|neither|nicht|kein\w*|ne|pas|no|non|niet|geen)\b[^.,;]{0,24}$")


@recogniser(rf"(?:signatur|disclaimer|encryption|archiv|verschl|{_NAMES}|inject|\b{_FILTER})", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first sentence that tells of one; else, of a filter on both sides."""
    if not in_sight(reading):
        return []
    for index, told in stated(reading, _SERVICE):
        fact = Configured(source=source_at(reading, index), kind="addon-service", name=told.group(0)[:60])
        return [artefact(reading, "told-addon", [index], [fact], {"service": fact.name})]
    for index, told in stated(reading, _TWICE):
        if _NOT_SAME.search(told.string[: told.start()]):
            continue
        name = next(each for each in told.groups() if each)
        fact = Configured(source=source_at(reading, index), kind="filter-on-both-sides", name=name)
        return [artefact(reading, "told-addon", [index], [fact], {"service": fact.name})]
    return []
