"""Circumstances that decide and that only a sentence tells: a meeting nobody was invited to, a smart host, a public folder.

Read only beside something else that was pasted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, SendConnector, Source
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_MEETING = linear(
    r"(?i)\bmeeting|\bcalendar\b|\bappointment|\bbooking|\broom (?:mailbox|calendar|list)|\bBesprechung|\bTermin"
    r"|\br.union|\breuni.n|\briunion"
)
_BYSTANDER = linear(
    r"(?i)\bdelegates?\b|\b(?:nobody|no one|none of (?:us|them)|not|never|n.t) (?:has |have |was |were "
    r"|been )?(?:invite|add|address)"
    r"|\bnot (?:on|in) the (?:invitation|invite|meeting|attendee)|\bnicht eingeladen|\bpas invit|\bVertret(?:er"
    r"|ung)|\bStellvertret"
)
_SMART_HOST = linear(
    r"(?i)(?:smart ?-?hosts?|\x{30b9}\x{30de}\x{30fc}\x{30c8} ?\x{30db}\x{30b9}\x{30c8}|h.te actif"
    r"|host inteligente)[^\n.]{0,24}?[\s:=('\"`\[]"
    r"([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6})\b"
)

_FOLDER: Final = (
    r"public[ -]?folders?|öffentliche[mnrs]? Ordners?\b|(?:öffentlicher|PF)-?Ordner\b|dossiers? publics?|carpetas? públicas?"
    r"|cartell[ae] pubblic|openbare map"
)
_TO_FOLDER = linear(
    rf"(?i)\bmail[ -]?(?:enabled|aktivierte\w*)[^.\n]{{0,12}}(?:{_FOLDER})|(?:{_FOLDER})[^.\n]{{0,60}}"
    r"(?:messagerie|habilitad|abilitat|e-?mail|\bmails?\b|courrier|post\b)"
    r"|\b(?:e-?mails?|messages?|courriels?|correos?|mensajes|messaggi|nachrichten|berichten)\b[^.\n]{0,40}"
    rf"\b(?:to|in|into|for|an|auf|für|einen|einem|à|aux?|les|un|vers|al?|de|naar)\b[^.\n]{{0,24}}(?:{_FOLDER})"
)


@recogniser(
    rf"(?:{_FOLDER})|"
    r"(?:delegate|invite|eingeladen|smart ?-?host|\x{30b9}\x{30de}\x{30fc}\x{30c8}|h.te actif|host inteligente|vertret)",
    rank=99,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    if not reading.claimed:
        return []
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    found = []
    for index, line in lines:
        facts = [] if line.rstrip().endswith("?") else list(_told(source_at(reading, index), line))
        if facts:
            found.append(artefact(reading, "told-circumstance", [index], facts, {"facts": len(facts)}))
    return [*found, *_meetings(reading, lines)]


def _told(source: Source, line: str) -> Iterator[Fact]:
    host = _SMART_HOST.search(line)
    if host and not supposes(line[: host.start()]):
        yield SendConnector(source=source, smart_hosts=(host.group(1).lower(),))
    folder = _TO_FOLDER.search(line)
    if folder and not supposes(line[: folder.start()]):
        yield Configured(source=source, kind="told-folder", name="public-folder")


def _meetings(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    """That a meeting request comes back for somebody who was not invited: two statements, wherever they stand."""
    meeting = next((index for index, line in lines if _MEETING.search(line)), None)
    if meeting is not None and any(_BYSTANDER.search(line) for _, line in lines):
        fact = Configured(source=source_at(reading, meeting), kind="told-bystander", name="meeting")
        yield artefact(reading, "told-meeting", [meeting], [fact], {"told": "meeting"})
