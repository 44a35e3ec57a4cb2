"""Which domains are the reader's own, told in a sentence: "all my users have contoso.com addresses".

Read only beside something that was pasted. A server that refuses such a domain does not know what it should, or is not the
one that mail to it should reach.
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

_NAME: Final = r"[\"'`(]{0,2}@?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,6}\.[a-z]{2,24})\b"
_KIND: Final = (
    r"(?:(?:own|e-?mail|mail|smtp|primary|main|public|custom"
    r"|second|new|other|additional|accepted|internal|local) ){0,3}"
)
_WORD: Final = r"(?:mail-?)?(?:domain|domäne|domaine|dominio|domein)"
_OURS = linear(
    rf"(?i)\b(?:our|my|we (?:own|host|have)|i (?:own|host|have)|added|bought|registered|set up) (?:an?(?:other)? |the )?{_KIND}"
    rf"domains?(?: name)?,?(?: (?:is|called|named|of))?:? {_NAME}"
    r"|\b(?:(?:our|my|all) (?:\w+ ){0,2}(?:users?|mailbox(?:es)?|employees|colleagues|accounts)|everyone|everybody)\b"
    rf"(?: \w+){{0,2}} (?:have|has|use|uses|with|got) (?:an? )?{_NAME}[\"'`)]{{0,2}} (?:(?:e-?mail|mail|smtp) )?address"
    rf"|\b(?:unsere|meine|notre|nuestro|il nostro|ons) {_WORD}(?: (?:ist|heißt|est|es|is))?:? {_NAME}"
)
_INSIDE: Final = (".local", ".lan", ".internal", ".intern", ".corp")


@recogniser(r"\b(?:domain|domäne|domaine|dominio|domein|address)", rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line that names one; names of the inside are no mail domains."""
    if not in_sight(reading):
        return []
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        told = None if line.rstrip().endswith("?") else _OURS.search(line[:1000])
        if told is None or supposes(line[: told.start()]):
            continue
        names = [
            str(group).lower() for each in _OURS.finditer(line[:1000]) for group in each.groups() if group is not None
        ]
        facts = [
            Configured(source=source_at(reading, index), kind="own-domain", name=name)
            for name in names
            if not name.endswith(_INSIDE)
        ]
        if facts:
            found.append(artefact(reading, "told-own-domain", [index], facts, {"domains": facts[0].name}))
    return found
