"""Events that a person lists by number alone: "entries with the following IDs: 4999,10001,10003", "Ereignis-IDs 1009 und 10003".

A number belongs to a source by the table of events, so only those are read that the table has, and only where the text says that
Exchange's transport is meant. One number alone is read in told_surroundings.py, beside something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.codes import one_source
from diagnostics.facts import WindowsEvent
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.format_list import Lines
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at

_TRANSPORT = linear(
    r"(?i)exchange ?transport|\bedgetransport|\btransport(?:-?(?:service|dienst)| role| process)|\bservi(?:ce|cio|zio|ço) "
    r"(?:de |di )?trans?porte?|\bMSExchange\w{0,20}Transport"
)
# Somebody who lists events to watch for tells of no trouble.
_TROUBLE = linear(
    r"(?i)\bcrash|\bproblem|\bstuck|\bstopp|\bfails?\b|\bfail(?:ed|ing|ure)|\bhang|\bdown\b|\bdies?\b|\bnot? (?:run"
    r"|start|work)|\bgenerat"
    r"|\bqueue|\bsince\b|\bafter\b|n.t (?:run|start|work)|st.rzt|h.ngt|l.uft nicht|startet nicht|fehler|abst.rz"
    r"|\bseit\b|\bnach\b|plant"
    r"|\bpanne|arr.t|depuis|apr.s|se (?:cae|bloquea|detiene)|fall(?:a|o)\b|desde|vastgelopen|crasht|sinds"
)
_TALK = linear(
    r"(?i)\b(?:monitor\w*|alert(?:s|ing)? (?:on|for|when)|watch(?:es|ing)?|dashboards?|document\w*|.berwach\w*)\b"
)
_EVENT: Final = (
    r"(?:\b(?:events?|event ?log|ereigniss?\w{0,6}|ereigniskennung\w{0,2}|eventos?|eventi|gebeurteniss?\w{0,3})"
    r"|\x{e9}v\x{e9}nements?)"
)
_IDS: Final = r"(?:ids?|kennung(?:en)?|identifi\w{0,10}|nummern?|numbers?)"
_NUMBERS: Final = r"\d{4,5}(?:(?:\s?[,;/+&]\s?|\s(?:and|und|et|y|e|en)\s)\d{4,5}){1,11}"
_LISTED = linear(rf"(?i)(?:{_EVENT}\b[^.\n]{{0,40}}?[ -]{_IDS}|{_EVENT})\b[ :=#(]{{0,4}}({_NUMBERS})\b")
_ANNOUNCED = linear(rf"(?i){_EVENT}\b[^.\n]{{0,40}}?[ -]{_IDS}\s?:?\s*$")
_ALONE = linear(rf"^\W{{0,4}}({_NUMBERS})\W{{0,4}}$")
_NUMBER = linear(r"\d{4,5}")
_SOURCES: Final = ("msexchange", "fipfs")
_MOST_LINES: Final = 200


@recogniser(
    rf"{_EVENT}\b[^\n]{{0,60}}(?:\n\W{{0,4}})?\d{{4,5}}(?:\s?[,;/+&]\s?|\s(?:and|und|et|y|e|en)\s)\d{{4,5}}", rank=37
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each list."""
    lines = reading.free()[:_MOST_LINES]
    text = "\n".join(line[:2000] for _, line in lines)
    if not (_TRANSPORT.search(text) and _TROUBLE.search(text)):
        return []
    found = []
    for place, (index, line) in enumerate(lines):
        numbers, taken = _list_at(lines, place)
        talk = explains(line) or asks_about(line) or _TALK.search(line)
        facts = [] if talk else _events(reading, taken[-1:] or [index], numbers)
        if facts:
            shown = {"events": [each.event for each in facts]}
            found.append(artefact(reading, "told-events", taken, facts, shown))
    return found


def _list_at(lines: Lines, place: int) -> tuple[list[int], list[int]]:
    """The numbers listed in the line at `place`, or in the one below that it announces; and the 0-based lines."""
    index, line = lines[place]
    listed = _LISTED.search(line[:2000])
    if listed:
        return [int(each) for each in _NUMBER.findall(listed.group(1))], [index]
    if not _ANNOUNCED.search(line[:2000]):
        return [], []
    below = next(((i, text) for i, text in lines[place + 1 : place + 3] if text.strip()), None)
    alone = _ALONE.search(below[1]) if below else None
    return ([int(each) for each in _NUMBER.findall(alone.group(1))], [below[0]]) if below and alone else ([], [])


def _events(reading: Reading, lines: Sequence[int], numbers: Sequence[int]) -> list[WindowsEvent]:
    found = []
    for number in numbers:
        provider = one_source(number)
        if provider.lower().startswith(_SOURCES):
            found.append(WindowsEvent(source=source_at(reading, lines[0]), provider=provider, event=number))
    return found
