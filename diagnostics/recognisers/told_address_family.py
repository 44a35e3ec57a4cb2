"""That the server goes out over IPv6 and gets nowhere, while IPv4 works: "Exchange tries IPv6 first and times out".

Nothing else need be pasted: IPv6 in a text about mail, with what became of it, is the statement.
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
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_GOES: Final = (
    r"tr(?:y|ies|ied|ying)|attempt\w*|connect\w*|deliver\w*|send\w*|use[sd]?|using|prefer\w*|goes|versuch\w*|nutzt|verwendet"
    r"|essa(?:ie|ye)\w*|intent\w*|prova\w*|tent[ao]\w*|probeert"
)
_GOES_OUT = linear(
    rf"(?i)\b(?:{_GOES})\b[^.;\n]{{0,60}}?\bIPv6\b"
    r"|\bIPv6\b[^.;\n]{0,40}\b(?:is|are|gets?|wird|est|es) (?:tried|used|preferred|versucht|benutzt)\b"
)
_SENTENCE = linear(r"(?:[^.!?]|[.]\S)+[.!?]?")
_MAIL = linear(r"(?i)\be?-?mails?\b|\bmail|\bmx\b|\bsmtp\b|\bexchange\b")
_FAILS = linear(
    r"(?i)\b(?:can ?not|can.?t|could ?n.?t|unable|fail\w*|times? out|timed out|timeout|unreachable|stuck|sits?|never|refus\w*"
    r"|reject\w*|geht nicht|scheitert|kann nicht|bleib\w+|.chou\w+|falla\w*|fallisce|mislukt\w*)\b"
)
_ARRIVES: Final = (
    r"deliver\w*|works?|sent|succeed\w*|fine|goes|connects?|falls? back|zugestellt|funktioniert|geht|fonctionne|funciona|funziona"
    r"|werkt"
)
_BY_IPV4 = linear(rf"(?i)\b(?:{_ARRIVES})\b[^.;\n]{{0,40}}\bIPv4\b|\bIPv4\b[^.;\n]{{0,40}}\b(?:{_ARRIVES})\b")


@recogniser(r"\bIPv6\b", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first sentence that says it; `Over4` where another one, or the same, tells that IPv4 delivers."""
    lines = [
        (index, each)
        for index, line in reading.sentences()[:MOST_LINES]
        for each in _SENTENCE.findall(line[:1000])
        if not each.endswith("?")
    ]
    if not (reading.claimed or any(_MAIL.search(line) for _, line in lines)):
        return []
    works = any(_BY_IPV4.search(line) for _, line in lines)
    for index, line in lines:
        told = next((each for each in _GOES_OUT.finditer(line) if not supposes(line[: each.start()])), None)
        if told and _FAILS.search(line[told.end() :]):
            values = (("Over4", str(works)),)
            fact = Configured(
                source=source_at(reading, index), kind="told-ipv6", name=told.group(0)[:80], values=values
            )
            return [artefact(reading, "told-address-family", [index], [fact], {"over_ipv4": "works" if works else ""})]
    return []
