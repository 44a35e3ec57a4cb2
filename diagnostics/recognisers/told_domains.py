"""The type of an accepted domain, told in a sentence: "contoso.com is InternalRelay on both sides".

Read only beside something that was pasted. Where the sentence names no domain, it is the one of the addresses in the paste.
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
from diagnostics.recognisers.told_settings import MOST_LINES, in_sight, supposes

_TYPES: Final = r"internal[ -]?relay|authoritative|external[ -]?relay"
_WORD: Final = r"(?:accepted )?(?:domain(?:s|type)?|domäne|domaine|dominio|domein)"
_NAME: Final = r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}"
_STANDS: Final = r"(?:\b(?:is|are|stands|shows|set|configured|left|ist|steht|est|es|staat)\b|\sè\s)"
_TOLD = linear(rf"(?i)\b(?:{_WORD}|({_NAME}))\b[\"'`]?[^.;?\n]{{0,40}}?{_STANDS}[^.;?\n]{{0,50}}?\b({_TYPES})\b")
_BOTH = linear(
    r"(?i)\bboth\b|\bbeiden?\b|\beverywhere\b|\b(?:exo|online|cloud|365|tenant)\b.{0,20}\b(?:and|und|et|y|e|en)\b.{0,20}\bprem"
    r"|\bprem\w*.{0,20}\b(?:and|und|et|y|e|en)\b.{0,20}\b(?:exo|online|cloud|365|tenant)\b"
)
_ADDRESS = linear(r"[\w.+'-]{1,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})")
_MOST: Final = 50  # addresses of a paste


@recogniser(rf"\b(?:{_TYPES})\b", rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line; a type that holds on both sides is told twice, once for each."""
    if not in_sight(reading):
        return []
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        told = None if line.rstrip().endswith("?") else _TOLD.search(line[:1000])
        if told is None or supposes(line[: told.start()]):
            continue
        name = str(told.group(1) or _only(reading)).lower()
        kind = str(told.group(2)).title().replace(" ", "").replace("-", "")
        values = (("DomainName", name), ("DomainType", kind))
        fact = Configured(source=source_at(reading, index), kind="accepted-domain", name=name, values=values)
        facts = [fact, fact] if _BOTH.search(line[:1000]) else [fact]
        found.append(artefact(reading, "told-accepted-domain", [index], facts, dict(values)))
    return found


def _only(reading: Reading) -> str:
    """The mail domain of the addresses in the paste, where they have one in common."""
    addresses = _ADDRESS.findall("\n".join(reading.paste.lines)[:100_000])[:_MOST]
    named = {str(each).lower() for each in addresses}
    return named.pop() if len(named) == 1 else ""
