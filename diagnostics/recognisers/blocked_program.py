"""Security software on a server that says which program it kept from port 25: its log, or Windows' own event.

A product writes one line for each block, with the program's path; the Windows Filtering Platform writes event 5157 over several
lines, localised but for the path and the number. A program that is named without a path is talk about it.
Sources: https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-5157,
the access protection log of VirusScan and Endpoint Security
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import supposes

KIND: Final = "blocked-program"
_PROGRAM: Final = r"[\\/](edgetransport|msexchange(?:frontend)?transport|msexchange(?:delivery|submission))\.exe"
_PATH = linear(rf"(?i){_PROGRAM}")
_BLOCKED = linear(
    r"(?i)\b(?:blocked|denied|prevented|dropped|block(?:iert|é[es]?)|bloqu(?:ée?s?|ead[oa])|bloccat[oa]|geblokkeerd|zablokowan\w+"
    r"|blockerad\w*)|ブロック"
)
_NOT = linear(r"(?i)\b(?:not|never|no longer|would (?:be|have)|n.t|nicht|nie|pas|no|non|niet)\b[^.\n]{0,24}$")
_PORT = linear(r"(?i)(?:[\d\])]:25\b|port\w{0,6}\b\W{0,12}25\b|\b25/tcp\b|\btcp/25\b|ポート\W{0,12}25\b)")
_BEFORE: Final = 8  # lines of event 5157 before the one with the path
_AFTER: Final = 10


@recogniser(_PROGRAM, rank=60)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each program, however often it was blocked."""
    lines = reading.free()
    found: dict[str, Artefact] = {}
    for at, (index, line) in enumerate(lines):
        path = _PATH.search(line)
        if path is None or str(path.group(1)).lower() in found:
            continue
        around = lines[max(0, at - _BEFORE) : at + 1 + _AFTER]
        told = next((part for part in ([(index, line)], around) if _says(part)), None)
        if told:
            name = f"{path.group(1)}.exe"
            fact = Configured(
                source=source_at(reading, index), kind=KIND, name=name, values=(("Port", "25"),), failing=True
            )
            claims = [each for each, text in told if text.strip()]
            found[name.lower().removesuffix(".exe")] = artefact(reading, KIND, claims, [fact], {"program": name})
    return list(found.values())


def _says(lines: list[tuple[int, str]]) -> bool:
    """Whether they tell of a block, and of port 25."""
    texts = [text[:2_000] for _, text in lines]
    return any(_states(text) for text in texts) and any(_PORT.search(text) for text in texts)


def _states(text: str) -> bool:
    """Whether a block is stated here, neither denied, supposed nor asked for."""
    verb = _BLOCKED.search(text)
    if verb is None or "?" in text:
        return False
    before = text[: verb.start()]
    return not (_NOT.search(before) or supposes(before))
