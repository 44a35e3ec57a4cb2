"""Windows events: Event Viewer text in many languages, Get-WinEvent, XML, CSV, and what people quote of them.

The key is provider and number; both survive translation. A Schannel sentence that stands alone tells its own number.
Text that explains an error instead of reporting one is no event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.event_details import (
    Found,
    commanded,
    event_fact,
    of_another_program,
    quoted_reply,
    refused_certificate,
    reported,
)
from diagnostics.recognisers.event_exports import csv_events, table_events, xml_events
from diagnostics.recognisers.event_lines import labelled_events
from diagnostics.recognisers.event_quotes import quoted_events
from diagnostics.recognisers.old_delivery import undelivered
from diagnostics.recognisers.reply_text import read_reply
from diagnostics.recognisers.sources import source_at

_IS_ADDRESS = linear(r"^[0-9a-fA-F.:]{3,45}$")


@recogniser(
    r"(?:\b(?:Event|Ereignis|Gebeurtenis|H.ndelse)[ -]?(?:ID|kennung)\b|\bID d(?:e l'|'|o "
    r"|el? )?.{1,2}ven|\bId\.? (?:de[l ]?)? ?evento|Identifica..o do Evento"
    r"|Identyfikator zdarzenia|\x{30A4}\x{30D9}\x{30F3}\x{30C8}|\bProviderName\s*:|<EventID"
    r"|\bSchannel\b|\bMSExchange[\w ]|fatal (?:error occurred (?:when|while)|alert was"
    r"|alert code)|from the remote server (?:has|was|does)"
    r"|default server credential exists|cipher suites supported by the client|0x8009[0-9A-F]{4}"
    r"|could not (?:find a|load the) certificate (?:that|with)|transport certificate (?:has |will )?expire"
    r"|valid SMTP Transport Layer Security|No DNS servers could be retrieved"
    r"|-21468930\d\d|FIPFS|\bService Control Manager\b|private key information property)",
    rank=30,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each event."""
    artefacts: list[Artefact] = []
    taken: set[int] = set()
    for form in (xml_events, labelled_events, table_events, csv_events, quoted_events):
        free = [(index, line) for index, line in reading.free() if index not in taken]
        for found in form(free):
            artefacts.append(_artefact(reading, found))
            taken.update(found.lines)
    return artefacts


def _artefact(reading: Reading, found: Found) -> Artefact:
    event = event_fact(found, source_at(reading, found.line))
    facts: list[Fact] = [event, *_replies(reading, found), *refused_certificate(event)]
    if of_another_program(event):
        facts = []
    shown = {"provider": event.provider, "event": event.event, "level": event.level}
    return Artefact(
        kind="windows-event",
        first=min(found.lines) + 1,
        last=max(found.lines) + 1,
        facts=tuple(facts),
        shown={name: value for name, value in shown.items() if value},
        paste=reading.paste.index,
        claims=frozenset(found.lines),
    )


def _replies(reading: Reading, found: Found) -> Iterator[Fact]:
    refused = commanded(found)
    if refused:
        address = refused.by.strip("[]")
        by, ip = ("", address) if _IS_ADDRESS.search(address) else (address, "")
        yield from read_reply(refused.reply, source_at(reading, found.line), kind="event", by=by, ip=ip)
        return
    text, line = quoted_reply(found)
    if text:
        yield from read_reply(text, source_at(reading, line), kind="event")
        return
    status, recipient = reported(found)
    if status:
        source = source_at(reading, found.line)
        yield from read_reply(f"{status} {found.words}", source, kind="event", recipient=recipient)
        return
    yield from undelivered(found.words, source_at(reading, found.line))
