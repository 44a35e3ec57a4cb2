"""What Exchange 2000 and 2003 say of a delivery that failed: events 4000 to 4006 of MSExchangeTransport or SMTPSVC, the state of
a queue in their System Manager, and the events of the reports that they write (3000 to 3030).

The sentence is fixed and names one of a dozen reasons, so it is read wherever it stands; the report's event has its code. What
stands behind `Causes:` explains all that the code may mean, and is no word of this failure.
Source: https://learn.microsoft.com/en-us/previous-versions/office/exchange-server-2000/aa998273(v=exchg.65)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.facts import ConnectFailed, Fact, Reply, Source
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.sources import source_at


class _Reason(Struct, frozen=True):
    """`kind` says how the connection failed; `code` is the one of the report that follows where it was there."""

    words: str
    kind: Literal["timeout", "refused", "unreachable", "unknown"] = "unknown"
    code: str = ""


_REASONS: Final = (
    _Reason("The remote server did not respond to a connection attempt", "timeout"),
    _Reason("The semaphore timeout period has expired", "timeout"),
    _Reason("No connection could be made because the target machine actively refused it", "refused"),
    _Reason("The connection was dropped by the remote host", code="4.4.2"),
    _Reason("The connection was dropped due to an SMTP protocol event sink", code="4.4.2"),
    _Reason("The specified network name is no longer available", code="4.4.2"),
    _Reason("The remote computer refused the network connection", "refused"),
    _Reason("The remote computer is not available", "unreachable"),
    _Reason("The network location cannot be reached", "unreachable"),
    _Reason("Unable to bind to the destination server in DNS", code="5.4.0"),
    _Reason("The destination server does not exist", code="5.4.0"),
    _Reason("Unable to deliver the message because the destination address was misconfigured as a mail loop", code="5.3.5"),
    _Reason("The remote SMTP service rejected AUTH negotiation", code="5.7.3"),
    _Reason("An SMTP protocol error occurred", code="5.5.0"),
    _Reason("The destination server is currently unreachable", "unreachable"),
)  # fmt: skip
_WORDS: Final = "|".join(each.words for each in _REASONS)
_FAILED: Final = r"Message delivery to the (?:host|remote domain) .{1,300} failed .{0,200}for the following reason"
_PLACE = linear(
    r"(?i)Message delivery to the (host|remote domain) ['\"]?([\w.\[\]:-]{1,253}?)['\"]? failed"
    r"(?:.{0,60}remote domain ['\"]?([\w.-]{1,253}?)['\"]? for)?"
)
# The states as a queue shows them: the whole line, or what follows a label, or a quotation.
_STATE = linear(rf"(?i)(?:^|[:\"'=\t>|-])\s{{0,4}}(?:the (?:queue|state|reason) \w+ )?({_WORDS})(?:[.\"']|\s{{0,3}}$)")
_REASON = linear(rf"(?i)({_WORDS})")
_REPORT = linear(
    r"(?i)non-?delivery report with a status code of ([45]\.\d{1,3}\.\d{1,3}) was generated"
    r"(?: for recipient (?:rfc822;)?\s?([^\s();,]{1,320}))?"
)
_ADDRESS = linear(r"^\[?(\d{1,3}(?:\.\d{1,3}){3})\]?$")
_LONGEST: Final = 2000


@recogniser(rf"(?:{_WORDS}|non-?delivery report with a status code of)", rank=37)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    found = []
    for index, line in reading.free():
        facts = list(_facts(line[:_LONGEST], source_at(reading, index)))
        if facts:
            found.append(artefact(reading, "old-delivery", [index], facts, {"reason": line.strip()[:200]}))
    return found


def _facts(line: str, source: Source) -> Iterator[Fact]:
    report = _REPORT.search(line)
    if report is None:
        yield from undelivered(line, source)
        return
    code, recipient = str(report.group(1)), str(report.group(2) or "")
    words = f"{code} a report was written"
    yield Reply(source=source, enhanced=code, text=words, whole=words, recipient=recipient, kind="event")


def undelivered(line: str, source: Source) -> Iterator[Fact]:
    """Why a message could not be delivered: how the connection failed, or a reply with the code of the reason."""
    place = _PLACE.search(line)
    state = (_REASON if place else _STATE).search(line)
    if state is None or (place is None and explains(line)):
        return
    reason = next(each for each in _REASONS if each.words.lower() == state.group(1).lower())
    host = str(place.group(2)) if place and place.group(1).lower() == "host" else ""
    address = _ADDRESS.search(host)
    ip, name = (str(address.group(1)), "") if address else ("", host)
    if not reason.code:
        yield ConnectFailed(source=source, kind=reason.kind, ip=ip, host=name, port=25)
    else:
        yield from failed_reply(reason.words, source, kind="event", code=reason.code, by=name, ip=ip)
