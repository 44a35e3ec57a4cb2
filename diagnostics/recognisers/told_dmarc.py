"""A DMARC record that is quoted beside a refusal, with its name in front or above: `_dmarc.contoso.com: v=DMARC1; p=none; …`.

Alone it is no failure, and says nothing of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import DnsRecord
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.dns_talk import answer_of
from diagnostics.recognisers.told_settings import MOST_LINES, answers

_RECORD = linear(r"(?i)(?:^|[\s`'\"=:])(v=DMARC1\s?;[^\n`'\"]{0,500})")
_NAME = linear(r"(?i)\b(_dmarc\.[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})\b")
_ABOVE: Final = 4  # lines above a record in which its name stands


@recogniser(r"\bv=DMARC1\s?;", rank=94)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each record whose name is told."""
    if not answers(reading):
        return []
    found = []
    name, named = "", -_ABOVE
    for index, line in reading.free()[:MOST_LINES]:
        told = list(_NAME.finditer(line[:1000]))
        if told:
            name, named = str(told[-1].group(1)).lower(), index
        record = _RECORD.search(line[:1000])
        if record and name and index - named < _ABOVE:
            fact = answer_of(reading, index, name, records=[DnsRecord("TXT", record.group(1).strip())])
            found.append(artefact(reading, "dns-answer", [index], [fact], {"name": name, "ok": True, "error": ""}))
    return found
