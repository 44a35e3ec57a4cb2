"""The address of the client that a server refused, as a sentence names it ("the scanner is 10.0.0.7"). And that the relay's log
has no session of it.

Logs have it in every row and are read elsewhere. A range, a mask or a port behind the number makes it something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import ClientAddress, Unseen
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, stated, supposes

_ADDRESS: Final = r"((?:\d{1,3}\.){3}\d{1,3})"
_CLIENT: Final = (
    r"host|client|printer|scanner|copier|mfp|device|appliance|application|app|program|script|machine|vm|erp|crm|monitoring|backup"
    r"|drucker|kopierer|gerät|anwendung|rechner|quelle|imprimante|copieur|appareil|poste|application|impresora|escáner|equipo"
    r"|aplicación|stampante|dispositivo|applicazione"
)
_BEHIND: Final = (
    r"(?:\s+(?:server|host|address|ip|adresse|with|has|is|at|on|hat|ist|mit|a|est|tiene|es|con|the|die|its)){0,4}"
)
_TOLD = linear(rf"(?i)\b(?:{_CLIENT})\b{_BEHIND}\s*[=:,(\[\"'`]{{0,3}}\s*{_ADDRESS}(?:[)\]\"'`,;.\s]|$)")
_RANGE = linear(r"^\s*(?:-\s*\d|/\s*\d)")


_LOGS: Final = (
    r"(?:receive|smtp\w*|protocol|relay\w*)[ -]?(?:protocol[ -]?)?logs?|logs?|journa(?:l|ux)|\w{0,8}protokoll\w*"
)
_RELAY: Final = r"relay\w*|relais|smarthost"
_SESSIONS: Final = (
    r"sessions?|connections?|entr(?:y|ies)|lines?|sitzung\w*|verbindung\w*|eintr\S{1,3}g\w{0,2}"
    r"|connexions?|sesi\S{1,3}n"
)
_NO: Final = (
    r"no|not (?:a single|one|any)|never (?:a|any)|none|zero|kein\w*|nicht eine\w?|aucune?|ning\w+|nessun\w*|geen"
    r"|empty|nothing|nichts|leer|rien|vide|nada"
)
_UNSEEN = linear(
    rf"(?i)\b(?:{_NO})\b[^.;\n]{{0,20}}?\b(?:{_SESSIONS})\b[^.;\n]{{0,60}}?\b(?:{_LOGS})\b[^.;\n]{{0,30}}?\b(?:{_RELAY})\b"
    rf"|\b(?:{_RELAY})\b[^.;\n]{{0,40}}?\b(?:{_LOGS})\b[^.;\n]{{0,30}}?\b(?:{_NO})\b"
    rf"|\b(?:{_RELAY})\b[^.;\n]{{0,20}}?\b(?:never|nie|jamais|nunca|doesn.t|does not) (?:sees?|saw|gets?|got|sieht|sah|voit|ve)\b"
)


@recogniser(rf"\b(?:{_CLIENT}|{_RELAY})\b", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    found = dict(_told(reading))
    return [
        artefact(
            reading,
            "told-client-address",
            [index],
            [ClientAddress(source=source_at(reading, index), ip=ip)],
            {"ip": ip},
        )
        for index, ip in sorted(found.items())
    ] + _unseen(reading)


def _unseen(reading: Reading) -> list[Artefact]:
    if not answers(reading):
        return []
    told = next(stated(reading, _UNSEEN), None)
    if told is None:
        return []
    fact = Unseen(source=source_at(reading, told[0]))
    return [artefact(reading, "told-unseen", [told[0]], [fact], {"told": told[1].group(0).strip()[:80]})]


def _told(reading: Reading) -> Iterator[tuple[int, str]]:
    for index, line in reading.sentences()[:MOST_LINES]:
        told = None if line.rstrip().endswith("?") else _TOLD.search(line[:1000])
        if told and not supposes(line[: told.start()]) and not _RANGE.search(line[told.end(1) :]):
            yield index, str(told.group(1))
