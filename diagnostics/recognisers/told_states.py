"""States that a person tells in a sentence: a service that does not run, a component in maintenance, a suspended queue, a wrong clock.

The names are Exchange's own. Read only beside something else that was pasted, or where the text names the cmdlet or window that
shows it. Source: https://learn.microsoft.com/exchange/high-availability/managed-availability/server-component-states
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import re2

from diagnostics.artefacts import Artefact
from diagnostics.codes.tables import numbered
from diagnostics.facts import Fact, QueueState, Source, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import in_sight, supposes

_SERVICES: Final = {
    "microsoft exchange frontend transport": "MSExchangeFrontEndTransport",
    "microsoft exchange mailbox transport delivery": "MSExchangeDelivery",
    "microsoft exchange mailbox transport submission": "MSExchangeSubmission",
    "microsoft exchange active directory topology": "MSExchangeADTopology",
    "microsoft exchange transport": "MSExchangeTransport",
    "mailbox transport delivery": "MSExchangeDelivery",
    "mailbox transport submission": "MSExchangeSubmission",
    "front end transport": "MSExchangeFrontEndTransport",
    "frontend transport": "MSExchangeFrontEndTransport",
    "msexchangefrontendtransport": "MSExchangeFrontEndTransport",
    "msexchangetransport": "MSExchangeTransport",
    "msexchangedelivery": "MSExchangeDelivery",
    "msexchangesubmission": "MSExchangeSubmission",
    "msexchangeadtopology": "MSExchangeADTopology",
}
_NAMED: Final = "|".join(sorted(_SERVICES, key=len, reverse=True))
_STOPPED = re2.compile(
    rf"(?i)\b({_NAMED})\b(?: service)?(?: \(?(?:is|was|are|being|shows?(?: as)?|=|:|in state|keeps?)\)?){{0,2}} (?:currently |still |just )?"
    r"(stopped|stopping|not running|not started|disabled|crashing|won't start|doesn't start|does not start|will not start"
    r"|stuck (?:at|in|on) (?:\")?starting)"
)
_COMPONENT = re2.compile(
    r"(?i)\b(ServerWideOffline|HubTransport|FrontendTransport)\b(?: (?:component|state|is|are|was|shows?|still|set|to|=|:)){0,3}"
    r"[ :=]{1,3}(Inactive|Draining)\b"
)
_DISK = re2.compile(
    r"(?i)\b([A-Z]):(?:\\)? ?(?:drive|disk|volume|partition|is|was|has|only|with)?[^.;:\n]{0,30}?\b(?:full\b|(?:only )?\d{1,4}(?:[.,]\d{1,3})? "
    r"?(?:[KMG]B|bytes?) (?:free|left)|(?:9\d|100) ?% (?:full|used))|\b(?:system |queue )?(?:drive|disk|volume|partition)\b[^.;\n]{0,20}"
    r"\b(?:is|was|ran|almost|nearly|completely) (?:almost |nearly |completely )?(?:full\b|out of space)|\b(?:low on|out of|no free) disk space"
)
_EVENT = re2.compile(r"(?i)\bevents?(?:[ -]?ids?)?[ :=#]{0,3}(\d{4,5})((?:(?:, ?| ?/ ?| and | & )\d{4,5}){0,6})\b")
_QUEUE = re2.compile(
    r"(?i)\bqueues?\b[^.;\n]{0,60}\b(?:is|are|was|status|state|shows?|set to|marked)[ :=]{1,3}(?:as )?suspended\b"
)
_MESSAGES = re2.compile(r"(?i)\b(\d{1,7}) (?:messages|mails|e-?mails|items)\b")
_CLOCK = re2.compile(
    r"(?i)\b(?:clock|time|uhr)\b[^.;\n]{0,40}?\b(?:is|was|are|runs?|differs? by|off by|off)\b[^.;\n\d]{0,12}"
    r"(\d{1,4}) ?(min(?:ute)?s?|hours?|h|days?)\b(?: (?:behind|ahead|off|slow|fast|apart|different|late))?"
)
_OFFSET = re2.compile(
    r"(?i)\b(?:offset|phase offset|o:)[^.;\n\d]{0,12}([+-]?\d{1,7})(?:\.\d{1,9})? ?s(?:ec(?:onds)?)?\b"
)
_NUMBER = re2.compile(r"\d{4,5}")
_TOLERANCE: Final = 300  # seconds; Kerberos' default


@recogniser(
    rf"\b(?:{_NAMED}|ServerWideOffline|HubTransport|suspended|clock|uhr|w32tm|offset|full|out of space|disk space|(?:free|left)|events?[- ]?(?:ids?)?[ :=#]{{0,3}}\d{{4,5}})\b|\btime\b[^\n]{{0,60}}\b(?:behind|ahead|off)\b",
    rank=96,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line that tells states."""
    if not in_sight(reading):
        return []
    found = []
    for index, line in reading.sentences():
        facts = [] if line.rstrip().endswith("?") else list(_told(reading, index, line[:1000]))
        if facts:
            shown = {"states": [getattr(each, "name", "") or "queue" for each in facts]}
            found.append(artefact(reading, "told-state", [index], facts, shown))
    return found


def _told(reading: Reading, index: int, line: str) -> Iterator[Fact]:
    source = source_at(reading, index)
    for match in _STOPPED.finditer(line):
        name = _SERVICES[match.group(1).lower()]
        if not supposes(line[: match.start()]):
            values = (("Status", "Stopped"), ("Name", name))
            yield Configured(source=source, kind="windows-service", name=name, values=values, failing=True)
    for match in _COMPONENT.finditer(line):
        if not supposes(line[: match.start()]):
            values = (("Component", match.group(1)), ("State", match.group(2).capitalize()))
            yield Configured(source=source, kind="server-component", name=match.group(1), values=values, failing=True)
    disk = _DISK.search(line)
    if disk and not supposes(line[: disk.start()]):
        values = (("DriveLetter", (disk.group(1) or "").upper()), ("Told", disk.group(0)))
        yield Configured(source=source, kind="volume", name=values[0][1], values=values, failing=True)
    yield from _events(source, line)
    queue = _QUEUE.search(line)
    if queue and not supposes(line[: queue.start()]):
        count = _MESSAGES.search(line)
        yield QueueState(source=source, status="Suspended", messages=int(count.group(1)) if count else 1)
    seconds = _seconds(line)
    if seconds > _TOLERANCE:
        values = (("Offset", str(seconds)),)
        yield Configured(source=source, kind="clock", name="clock", values=values, failing=True)


def _events(source: Source, line: str) -> Iterator[Fact]:
    """Events by their numbers, where a number is one service's alone."""
    if explains(line):
        return
    for match in _EVENT.finditer(line):
        for number in _NUMBER.findall(match.group(0)):
            row = next(iter(numbered("events").get(("event", int(number)), ())), None)
            if row and not supposes(line[: match.start()]):
                yield WindowsEvent(
                    source=source, provider=row.emitter.partition(" (")[0].partition(",")[0], event=int(number)
                )


def _seconds(line: str) -> int:
    """How far a clock is said to be off; 0 where nothing is said of one."""
    exact = _OFFSET.search(line)
    if exact:
        return abs(int(exact.group(1)))
    told = _CLOCK.search(line)
    if told is None or supposes(line[: told.start()]):
        return 0
    unit = {"m": 60, "h": 3600, "d": 86400}[told.group(2)[0].lower()]
    return int(told.group(1)) * unit
