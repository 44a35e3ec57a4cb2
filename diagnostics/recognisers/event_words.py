"""Events that lost their number and source: a description typed off, or cut out of Event Viewer.

What a service writes is fixed wording, so the words tell which event it is. Text that explains an event instead of
reporting one is none. Source: https://learn.microsoft.com/exchange/back-pressure-exchange-2013-help, and the services'
own message tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_details import Found, event_fact, refused_certificate
from diagnostics.recognisers.event_labels import GOES_ON, REPLY
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.format_list import Lines
from diagnostics.recognisers.resource_rows import rows_of
from diagnostics.recognisers.sources import source_at

_TRANSPORT: Final = "MSExchangeTransport"
_CONTROL: Final = "Service Control Manager"
_SERVICE: Final = r"Microsoft Exchange [A-Z][A-Za-z ]{2,60} service|MSExchange[A-Z][A-Za-z]{2,40} service"
# (words of the description, source, event)
_SENTENCES: Final = (
    (rf"(?:{_SERVICE}) terminated unexpectedly", _CONTROL, 7031),
    (rf"(?:{_SERVICE}) entered the (?:stopped|running) state", _CONTROL, 7036),
    (rf"(?:{_SERVICE}) failed to start due to the following error", _CONTROL, 7000),
    (rf"(?:{_SERVICE}) depends on .{{3,90}}which failed to start", _CONTROL, 7001),
    (rf"waiting for the (?:{_SERVICE}) to connect", _CONTROL, 7009),
    (rf"(?:{_SERVICE}) terminated with (?:the following|a|service.specific) ", _CONTROL, 7024),
    (r"resource pressure (?:increased|is constant at|decreased) ", _TRANSPORT, 15004),
    (r"following resources are under pressure:", _TRANSPORT, 15004),
    ((r"(?:bytes|Memory|buckets|disk space|Space\[.{1,160}|Queue\]?|load|\)) = \d{1,7}%? \[(?:High|Medium)\] ?\[(?:Normal|Low)="
     r"|= \d{1,7}%? \[[^\[\]\n]{1,16}\] ?\[(?:Normal=\d|[^\[\]=/\d\n]{1,16}=\d{1,7}%? [^\[\]=/\d\n]{1,16}=\d)"),
     _TRANSPORT, 15004),
    (r"rejecting (?:message submissions|messages) because (?:the )?available disk space", _TRANSPORT, 15006),
    (r"rejecting (?:message submissions|messages) because the service continues to consume more memory",
     _TRANSPORT, 15007),
    (r"All (?:Domain Controller|Global Catalog) Servers in .{2,120}not responding", "MSExchange ADAccess", 2103),
    (r"Topology discovery failed,? (?:error|due)", "MSExchange ADAccess", 2114),
    (r"discovered the following servers with the following characteristics", "MSExchange ADAccess", 2080),
    (r"No (?:Minimal Required Number of )?Suitable Directory Servers (?:were )?Found", "MSExchange ADAccess", 2142),
    (r"Failed to start listening \(Error: \d{5}\)", _TRANSPORT, 1018),
    (r"address is already in use\. Binding:", _TRANSPORT, 1019),
    (r"(?:could ?n[o']t|can ?not|can't) start transport agents", _TRANSPORT, 16023),
    (r"Inbound authentication failed with error \S{2,80} for Receive connector", _TRANSPORT, 1035),
    (r"Inbound direct trust authentication failed for certificate", _TRANSPORT, 1036),
    (r"Outbound authentication failed with error \S{2,40} for Send connector", _TRANSPORT, 2017),
    (r"exception was thrown while processing data from client IP address", _TRANSPORT, 1033),
    (r"transport process failed during message processing with the following call stack", _TRANSPORT, 10003),
    (r"Outbound TLS authentication failed with error \S{2,40} for Send connector", _TRANSPORT, 2022),
    (r"provided valid credentials, but (?:is not authorized|it does not have submit)", _TRANSPORT, 1020),
    (r"could not discover any route to connector", _TRANSPORT, 5016),
    (r"Watson report about to be sent (?:to \S{1,40} )?for process id: \d{1,8}, with parameters:", "MSExchange Common", 4999),
    (r"execution time of agent '.{3,80}' exceeded\b", "MSExchange Extensibility", 1050),
    (r"edgetransport \(\d{1,6},.{1,12}\) Transport Mail Database:", "ESENT", 454),
    (r"Transport Mail Database: Quota was exceeded", _TRANSPORT, 17017),
    (r"Transport Mail Database: .*(?:disk is full|not enough (?:disk )?space)", _TRANSPORT, 17004),
    (r"Transport Mail Database: .*log (?:file|stream)", _TRANSPORT, 17005),
    (r"Transport Mail Database: The database could not allocate", _TRANSPORT, 17012),
    (r"Transport Mail Database: [A-Z]", _TRANSPORT, 17020),
    (r"A Transport database operation has encountered a fatal error", _TRANSPORT, 17003),
    (r"FIP-FS .{0,20}Scan Engine failed to load", "FIPFS", 5300),
    (r"FIP-FS Scan Process returned error", "FIPFS", 2203),
    (r"FIP-FS Scan Process failed initialization", "FIPFS", 1106),
    (r"MS Filtering Engine Update process (?:was unsuccessful|has encountered)", "FIPFS", 6027),
)  # fmt: skip
_EACH: Final = tuple((linear(f"(?i){words}"), source, event) for words, source, event in _SENTENCES)
_ANY: Final = "|".join(words for words, _, _ in _SENTENCES)
_SEEN = linear(f"(?i){_ANY}")
_MOST_LINES: Final = 40
_ROSE: Final = 15004
_FELL: Final = 15005
_CONTROLLERS: Final = 2080


@recogniser(f"(?:{_ANY})", rank=36)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each description."""
    return [_artefact(reading, found) for found in _events(reading.free())]


def _artefact(reading: Reading, found: Found) -> Artefact:
    event = event_fact(found, source_at(reading, found.line))
    facts = [event, *refused_certificate(event)]
    return artefact(reading, "windows-event", found.lines, facts, {"provider": event.provider, "event": event.event})


def _events(lines: Lines) -> Iterator[Found]:
    position = 0
    while position < len(lines):
        used = _extent(lines, position) if _SEEN.search(lines[position][1]) else 0
        part = lines[position : position + used]
        position += used or 1
        words = " ".join(text for _, text in part)
        if part and not explains(words):
            source, event = next((source, event) for words_of, source, event in _EACH if words_of.search(words))
            rest = event == _ROSE and _at_rest(words)
            text = [(index, line.strip()) for index, line in part]
            found = Found(part[0][0], [index for index, _ in part], source, event, text=text)
            if event == _CONTROLLERS:
                found = replace(found, level="Information")
            yield replace(found, event=_FELL, level="Information") if rest else found


def _at_rest(words: str) -> bool:
    """Whether resources alone stand there, each on its lowest level: what is listed when the pressure has fallen."""
    rows = list(rows_of(words))
    return bool(rows) and not any(row.short for row in rows) and "pressure" not in words.lower()


def _extent(lines: Lines, start: int) -> int:
    """How many lines the description takes: its paragraph, and the later ones that go on with it."""
    count = end = 1
    for index, line in lines[start + 1 : start + _MOST_LINES]:
        apart = index != lines[start + count - 1][0] + 1 or not lines[start + count - 1][1].strip()
        if REPLY.search(line) or (line.strip() and apart and not GOES_ON.search(line)):
            break
        previous = lines[start + count - 1][1].rstrip()
        if line.strip() and not apart and previous.endswith(".") and not GOES_ON.search(line):
            break
        count += 1
        end = count if line.strip() else end
    return end
