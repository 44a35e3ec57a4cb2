"""How many values a collection of each connector holds, as `"$($_.Name): $($_.RecipientDomains.Count)"` prints it: no list shows
more than the first of them.

The name of the collection stands in the command alone; an answer in a thread, which is nothing but such lines, needs none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import Counted
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_COLLECTIONS: Final = "RemoteIPRanges|RecipientDomains|SenderDomains"
_ASKED: Final = (
    rf"\b({_COLLECTIONS})\b[^\n]{{0,40}}?\.(?:Count|Length)\b|\b({_COLLECTIONS})\b[^\n]{{0,20}}Measure-Object"
)
_COMMAND = linear(rf"(?i){_ASKED}")
_NAMED = linear(r"(?i)\bGet-\w{0,12}Connector (?:-Identity )?(?:\"([^\"]{1,120})\"|'([^']{1,120})'|([\w\\-]{1,120}))")
_LINE = linear(r"^\s*([^\s:][^:\n]{0,160}?[^:\s]):\s{1,20}(\d{1,6})\s*$")  # a property has a blank before its colon
_CELLS = linear(r"^\s*(\S[^\n]{0,160}?)[\s:]\s{0,80}(\d{1,6})\s*$")
_ALONE = linear(r"^\s*(?:Count\s*:\s*)?(\d{1,6})\s*$")
_PROMPT = linear(r"^\s*(?:\[PS\] ?|PS ?|[\w.-]+@[\w.-]+:)")
_HEADER = linear(r"(?i)^\s*(?:-{2,}[\s-]*|(?:name|identity)\s+\S+)\s*$")
_MOST: Final = 500  # connectors
_TALK: Final = 2  # lines of the person's own beside an answer


@recogniser(rf"(?:{_ASKED}|^[^:\n]{{1,160}}\S:[ \t]{{1,20}}\d{{1,6}}\s*$)", rank=37)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all that was counted."""
    rows = list(_below_command(reading)) or list(_answer(reading))
    if not rows:
        return []
    facts = [
        Counted(source=source_at(reading, index), connector=name, name=name, what=what, count=count)
        for index, name, what, count in rows[:_MOST]
    ]
    shown = {"objects": [f"{each.name}: {each.count}" for each in facts][:_TALK]}
    return [artefact(reading, "counted", [row[0] for row in rows], facts, shown)]


def _below_command(reading: Reading) -> Iterator[tuple[int, str, str, int]]:
    """What stands below a command that counts a collection, up to the next prompt: rows of names, or one number."""
    what, named = "", ""
    for index, line in reading.free():
        text = line[:1000]
        asked = _COMMAND.search(text)
        if asked:
            what = asked.group(1) or asked.group(2)
            of = _NAMED.search(text)
            named = next((each for each in of.groups() if each), "") if of else ""
        elif what and _PROMPT.search(text):
            what = ""
        elif what and not _HEADER.search(text):
            alone = _ALONE.search(text)
            row = None if alone else _CELLS.search(text)
            if alone:
                yield index, named, what, int(alone.group(1))
            elif row:
                yield index, row.group(1).rstrip(" :"), what, int(row.group(2))


def _answer(reading: Reading) -> Iterator[tuple[int, str, str, int]]:
    """An answer that is nothing but names and numbers, beside a line or two of the person's own."""
    if not reading.paste.index or reading.claimed:
        return
    filled = [(index, line[:1000]) for index, line in reading.free() if line.strip()]
    rows = [(index, found) for index, line in filled if (found := _LINE.search(line))]
    if rows and len(filled) - len(rows) <= min(_TALK, len(rows)):
        for index, found in rows:
            yield index, found.group(1), "", int(found.group(2))
