"""What a person mentions of the surroundings: an event by its number, a build of Exchange, an update, that it is a hybrid.

Read only beside something else that was pasted, or where the text names the window that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagnostics.artefacts import Artefact
from diagnostics.codes.tables import numbered
from diagnostics.facts import Fact, Source, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, in_sight, supposes

_EVENT = linear(r"(?i)\bevents?(?:[ -]?ids?)?[ :=#]{0,3}(\d{4,5})((?:(?:, ?| ?/ ?| and | & )\d{4,5}){0,6})\b")
_NUMBER = linear(r"\d{4,5}")
_BUILD = linear(r"\b(15\.0?[0-2]\.0?\d{3,4}\.0{0,2}\d{1,3})\b")
_UPDATE = linear(
    r"(?i)\b(?:after|since|installed|installing|got|updat\w+|upgrad\w+|nach|seit|dopo|dal|après|depuis|tras|desde|después|na|sinds|met)\b"
    r"[^.\n]{0,40}?\b(SP ?\d|service pack ?\d?|CU ?\d{1,2}|cumulative update|security update|KB ?\d{7})\b"
)
_SERVICE = linear(
    r"(?i)\b(?:start\w*|stop\w*|crash\w*|services?|dienste?|servizi\w*|servicios?|démarre|arranca|avvia)\b"
)
_HYBRID = linear(r"(?i)\b(?:we are|we're|our|full|classic|in|running|with|have)\b[^.\n]{0,20}\bhybrid\b")


@recogniser(
    r"(?:\bhybrid\b|\b(?:SP|CU) ?\d|service pack|cumulative update|security update|\bKB ?\d{7}"
    r"|\b15\.0?[0-2]\.0?\d{3,4}\.\d{1,3}|\bevents?[- ]?(?:ids?)?[ :=#]{0,3}\d{4,5})",
    rank=97,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    if not in_sight(reading):
        return []
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        facts = [] if explains(line) else list(_told(source_at(reading, index), line[:1000]))
        if facts:
            found.append(artefact(reading, "told-surroundings", [index], facts, {"facts": len(facts)}))
    return found


def _told(source: Source, line: str) -> Iterator[Fact]:
    build = _BUILD.search(line)
    if build:
        yield Configured(source=source, kind="exchange-build", name=build.group(1))
    update = _UPDATE.search(line)
    if update and _SERVICE.search(line):
        yield Configured(source=source, kind="update", name=update.group(1))
    if _HYBRID.search(line):
        yield Configured(source=source, kind="organization", name="hybrid")
    for match in _EVENT.finditer(line):
        if not supposes(line[: match.start()]):
            yield from _events(source, match.group(0))


def _events(source: Source, text: str) -> Iterator[Fact]:
    """The events whose number is one service's alone, as the tables have it."""
    for number in _NUMBER.findall(text):
        row = next(iter(numbered("events").get(("event", int(number)), ())), None)
        if row:
            provider = row.emitter.partition(" (")[0].partition(",")[0]
            yield WindowsEvent(source=source, provider=provider, event=int(number))
