"""Where a domain's MX record leads, told in a sentence: "its MX is localhost", "the MX points to 127.0.0.1".

Read beside something that was pasted, or where the person says that mail goes round. Only a record that leads every sender to
itself is told, or one that holds an address instead of a name: any other is looked up. People say "points to" of the address
that they come to in the end, so an address is told by a record's own layout only (`MX 10 203.0.113.9`).

A name under mx.microsoft, which nobody can guess, is what the admin center or Microsoft Graph shows for a domain, however it is
passed on.
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

KIND: Final = "told-exchanger"
SHOWN: Final = "shown-exchanger"
_ITSELF: Final = r"localhost(?:\.localdomain)?|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1"
_TOLD = linear(
    rf"(?i)\bMX\b(?:[^.;?\n]|\.\S){{0,40}}?(?:\b(?:is|are|was|value|says?|shows?|names?|holds?|set|contains?|ist|zeigt|lautet|est|es|apunta|pointe|punta)\b|[=:]|->"
    rf"|\b(?:point|lead|resolv|refer)\w*\b)[^.;?\n]{{0,24}}?[\s\"'`(]({_ITSELF})(?:$|[\s\"'`),.;])"
)
_IPV4: Final = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_LAYOUT = linear(
    rf"(?i)(?:^|[\s\"'`(|:])MX(?:\W{{1,6}}@)?[\s|:=\"'`]{{1,8}}(?:\d{{1,5}}[\s|:\"'`]{{1,8}})?({_IPV4})(?:\.?[\s\"'`),;|]|\.?$)"
)
_ASSIGNED = linear(
    r"(?i)(?:^|[\s\"'`(|:=])([a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{1,20}){1,2}\.mx\.microsoft)\.?(?:$|[\s\"'`),;|])"
)
_ROUND = linear(
    r"(?i)\bloop(?:s|ed|ing)?\b|\bover and over\b|\bagain and again\b|\bitself\b|\bimmer wieder\b"
    r"|\bSchleife\b|\ben boucle\b|\bbucle\b"
)


@recogniser(r"\bMX\b.*(?:localhost|\b127\.|::1|\d\.\d{1,3}\.\d)", rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    lines = reading.sentences()[:MOST_LINES]
    stated = in_sight(reading) or any(_ROUND.search(line[:1000]) for _, line in lines)
    for index, line in lines:
        told = (
            None
            if line.rstrip().endswith("?")
            else (stated and _TOLD.search(line[:1000])) or _LAYOUT.search(line[:1000])
        )
        if told and not supposes(line[: told.start()]):
            host = str(told.group(1)).lower()
            fact = Configured(source=source_at(reading, index), kind=KIND, name=host)
            return [artefact(reading, KIND, [index], [fact], {"exchanger": host})]
    return []


@recogniser(r"\.mx\.microsoft\b", rank=94)
def read_assigned(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first name under mx.microsoft that stands outside an answer of the DNS."""
    if not in_sight(reading):
        return []
    for index, line in reading.free()[:MOST_LINES]:
        if found := _ASSIGNED.search(line[:1000]):
            host = str(found.group(1)).lower()
            fact = Configured(source=source_at(reading, index), kind=SHOWN, name=host)
            return [artefact(reading, SHOWN, [index], [fact], {"exchanger": host})]
    return []
