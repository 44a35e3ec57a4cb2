"""That the address which was refused does not exist at all, as the person or the other side tells: a typing error.

It names no address: the one that was refused is meant. One that many such reports speak of is a spammer's guess, and no typing
error.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import LookedUp
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_NEVER = linear(
    r"(?i)\b(?:address|mailbox|recipient|it|this one|there) (?:has |had )?never (?:existed|was|been)\b"
    r"|\b(?:address|recipient) was (?:mis-?typed|mis-?spelled|mis-?spelt|wrong(?:ly typed)?)\b"
    r"|\bit should (?:have been|be) \S{1,64}@|\bthe (?:right|correct) (?:address|one) (?:is|was|would be) \S{1,64}@"
    r"|\b(?:was|is|it.s|simply|just|only) a (?:typo|typing error)\b"
    r"|\b(?:adresse|empfänger|postfach)\b[^.\n]{0,20}\b(?:hat es nie gegeben|gab es nie|hat nie existiert|existierte nie)"
    r"|\b(?:war|ist) ein (?:tipp|schreib)fehler\b|\bn.a jamais existé\b|\bnunca (?:ha )?existi(?:ó|do)\b"
    r"|\bnon è mai esistit[oa]\b"
    r"|\bheeft nooit bestaan\b|\bune (?:faute de frappe|erreur de saisie)\b"
)
_MANY = linear(
    r"(?i)\bspam|backscatter|\b(?:dozens|hundreds|thousands|lots|many|hunderte|tausende|centaines|cientos|centinaia)\b|\brandom\b"
    r"|\baddresses that never\b|\bguess"
)


@recogniser(
    r"(?:\bnever (?:existed|was|been)|mis-?typed|mis-?spel|was wrong|it should (?:have been|be)|(?:right"
    r"|correct) (?:address|one)|\btypo\b"
    r"|typing error|nie gegeben|gab es nie|nie existiert|existierte nie|fehler\b|jamais existé|nunca|mai esistit|nooit bestaan"
    r"|faute de frappe|erreur de saisie)",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence: neither directory has the address."""
    lines = reading.sentences()[:MOST_LINES]
    if any(_MANY.search(line[:1000]) for _, line in lines):
        return []
    for index, line in lines:
        text = line[:1000]
        told = _NEVER.search(text)
        if told is None or line.rstrip().endswith("?") or supposes(text[: told.start()]):
            continue
        source = source_at(reading, index)
        facts = [
            LookedUp(source=source, address="", found=False, where="on-prem"),
            LookedUp(source=source, address="", found=False, where="exchange-online"),
        ]
        return [artefact(reading, "told-mistyped", [index], facts, {"told": told.group(0)})]
    return []
