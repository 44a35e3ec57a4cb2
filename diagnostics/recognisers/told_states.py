"""States that a person tells in a sentence: a service that doesn't run, maintenance, a full drive, a wrong clock.

The names are Exchange's own. Read only beside something else that was pasted, or where the text names the cmdlet or window that
shows it. Source: https://learn.microsoft.com/exchange/high-availability/managed-availability/server-component-states
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, QueueState, Source
from diagnostics.mail_facts import Configured, Pairs
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, in_sight, supposes

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
_STOPPED = linear(
    rf"(?i)\b({_NAMED})\b(?: service)?(?: \(?(?:is|was|are|being|shows?(?: as)?|=|:|in state|keeps?)\)?){{0,2}}"
    r" (?:currently |still |just )?(?:stopped|stopping|not running|not started|disabled|crashing|(?:wo|does)n't start"
    r"|(?:does|will) not start|stuck (?:at|in|on) \"?starting)"
)
_COMPONENT = linear(
    r"(?i)\b(ServerWideOffline|HubTransport|FrontendTransport)\b(?: (?:component|state|is|are|was|shows?|still|set|to|=|:)){0,3}"
    r"[ :=]{1,3}(Inactive|Draining)\b"
)
# The command or script that begins or ends maintenance, typed or spoken of.
_MAINTENANCE = linear(
    r"(?i)\b(Set-ServerComponentState|(?:Start|Stop)DagServerMaintenance(?:\.ps1)?)\b"
    r"|\b(?:set(?:s|ting)?|put(?:s|ting)?|switch\w*|chang\w+|toggl\w+|setzt|setzen|gesetzt|nach|beim)\b[^.;\n]{0,40}\b(ServerWideOffline)\b"
)
_VOLUME: Final = "drive|disk|volume|partition"
_SHORT: Final = (
    r"full\b|(?:only )?\d{1,4}(?:[.,]\d{1,3})? ?(?:[KMG]B|bytes?) (?:free|left)|(?:9\d|100) ?% (?:full|used)"
)
_DISK = linear(
    rf"(?i)\b([A-Z]):(?:\\)? ?(?:{_VOLUME}|is|was|has|only|with)?[^.;:\n]{{0,30}}?\b(?:{_SHORT})"
    rf"|\b(?:{_VOLUME})\b[^.;\n]{{0,60}}\b(?:is|was|ran|got|almost|near(?:ly)?|completely) (?:actually |already )?"
    r"(?:(?:almost|near(?:ly)?|close to|completely) )?(?:being )?(?:full\b|out of space)|\b(?:low on|out of|no free) disk space"
)
_RAM: Final = r"ram|memory|arbeitsspeicher|m.moire(?: vive)?|memoria|geheugen"
_MEMORY = linear(
    rf"(?i)\b(?:{_RAM})\b[^.;\n%]{{0,40}}?\b(?:9\d|100) ?%|\b(?:9\d|100) ?% (?:of (?:the )?)?(?:{_RAM})\b"
    rf"|\b(?:low on|out of|short of|no free|not enough) (?:{_RAM})\b|\b(?:{_RAM})\b[^.;\n]{{0,20}}\b(?:is|was) (?:almost |nearly "
    r"|completely )?(?:full|exhausted|used up|eaten up)\b"
)
_DENIED = linear(r"(?i)\bnot\b|n.t\b|\bnever\b")
_QUEUE = linear(
    r"(?i)\bqueues?\b[^;\n]{0,60}\b(?:is|are|was|status|state|shows?|set to|marked)[ :=]{1,3}(?:as )?suspended\b"
)
# A queue by its identity, as Get-Queue and monitoring name it, needs nothing beside it.
_NAMED_QUEUE = linear(
    r"(?i)\b[\w-]{2,40}\\(?:\d{1,9}|Submission|Unreachable)\b[^;\n]{0,60}\bsuspended\b|\bQueue ?Status\W{1,3}Suspended\b"
)
_PAST = linear(r"(?i)\b(?:was|were|resumed)\b")
_MESSAGES = linear(r"(?i)\b(\d{1,7}) (?:messages|mails|e-?mails|items)\b")
_CLOCK = linear(
    r"(?i)\b(?:clock|time|uhr)\b[^.;\n]{0,40}?\b(?:is|was|are|runs?|differs? by|off by|off)\b[^.;\n\d]{0,12}"
    r"(\d{1,4}) ?(min(?:ute)?s?|hours?|h|days?)\b(?: (?:behind|ahead|off|slow|fast|apart|different|late))"
)
_OFFSET = linear(r"(?i)\b(?:offset|o:)[^.;\n\d]{0,12}([+-]?\d{1,7})(?:\.\d{1,9})? ?s(?:ec(?:onds)?)?\b")
# "goes from medium to high", and that the server is in back pressure: the levels are Exchange's own words.
_CLIMBS: Final = (
    r"(?:back ?-?pressure|resources?|throttl\w+|pressure)\b[^.;\n]{0,60}\b(?:normal|low|medium)\W{1,3}"
    r"(?:(?:to|then|and|later|->)\W{1,3}){0,2}(?:medium|high)"
)
_PRESSED = linear(
    rf"(?i)\b({_CLIMBS})\b|\b(?:in|into|under|enters?|entered|hits?|because of|due to|unter|wegen|sous|bajo) "
    r"(?:\w+ )?(?:back ?-?pressure|gegendruck)\b"
)
# Event 15005, of pressure that fell
_NONE_DISABLED = linear(r"(?i)\bno components? (?:(?:is|are|was|were) )?(?:currently )?disabled\b")
_TOLERANCE: Final = 300  # seconds; Kerberos' default


@recogniser(
    rf"\b(?:{_NAMED}|ServerWideOffline|HubTransport|suspended|clock|uhr|w32tm|offset|full|out of space|disk space|free|left)\b"
    rf"|\b(?:{_RAM})\b"
    r"|\b(?:pressure|backpressure|resources?|throttl\w+|gegendruck)\b"
    r"|Set-ServerComponentState|DagServerMaintenance|\btime\b[^\n]{0,60}\b(?:behind|ahead|off)\b",
    rank=96,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line that tells states."""
    seen = in_sight(reading)
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        asked = line.rstrip().endswith("?")
        facts = (
            []
            if asked or not (seen or (_NAMED_QUEUE.search(line) and not _PAST.search(line)))
            else list(_told(source_at(reading, index), line[:1000]))
        )
        if facts:
            shown = {"states": [getattr(each, "name", "") or "queue" for each in facts]}
            found.append(artefact(reading, "told-state", [index], facts, shown))
    return found


def _told(source: Source, line: str) -> Iterator[Fact]:
    for match in _stated(_STOPPED, line):
        name = _SERVICES[match.group(1).lower()]
        yield _failing(source, "windows-service", name, (("Status", "Stopped"), ("Name", name)))
    for match in _stated(_COMPONENT, line):
        values = (("Component", match.group(1)), ("State", match.group(2).capitalize()))
        yield _failing(source, "server-component", match.group(1), values)
    pressed = None if _NONE_DISABLED.search(line) else next(_stated(_PRESSED, line), None)
    if pressed:
        yield _failing(source, "told-pressure", "climbing" if pressed.group(1) else "reached", ())
    planned = next(_stated(_MAINTENANCE, line), None)
    if planned:
        yield Configured(source=source, kind="told-maintenance", name=planned.group(1) or planned.group(2))
    for match in (each for each in _stated(_DISK, line) if not _DENIED.search(each.group(0))):
        letter = (match.group(1) or "").upper()
        yield _failing(source, "volume", letter, (("DriveLetter", letter), ("Told", match.group(0))))
    memory = next(_stated(_MEMORY, line), None)
    if memory and not _DENIED.search(line[: memory.start()]):
        yield _failing(source, "memory", "memory", (("Told", memory.group(0)),))
    if next(_stated(_QUEUE, line), None) or next(_stated(_NAMED_QUEUE, line), None):
        count = _MESSAGES.search(line)
        yield QueueState(source=source, status="Suspended", messages=int(count.group(1)) if count else 1)
    seconds = _seconds(line)
    if seconds > _TOLERANCE:
        yield _failing(source, "clock", "clock", (("Offset", str(seconds)),))


def _stated(pattern: Any, line: str) -> Iterator[Any]:
    return (match for match in pattern.finditer(line) if not supposes(line[: match.start()]))


def _failing(source: Source, kind: str, name: str, values: Pairs) -> Configured:
    return Configured(source=source, kind=kind, name=name, values=values, failing=True)


def _seconds(line: str) -> int:
    """How far a clock is said to be off; 0 where nothing is said of one."""
    exact = _OFFSET.search(line)
    if exact:
        return abs(int(exact.group(1)))
    told = next(_stated(_CLOCK, line), None)
    return int(told.group(1)) * {"m": 60, "h": 3600, "d": 86400}[told.group(2)[0].lower()] if told else 0
