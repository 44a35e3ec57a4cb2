"""Answers in words: what somebody in the thread says was found, where a question had asked for a cmdlet's output.

A sentence that names the very thing that tells a cause from the others, as stated, not asked, supposed, denied or past. It stands
for what was looked at, so only a later text of a case is read for it; what it moves is at most called likely (engine.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import diagnostics
from diagnostics.artefacts import Artefact
from diagnostics.kept import table
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_past import over
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

KIND: Final = "told-answer"
_PARTS: Final = {
    "gap": r"[^.;\n]{0,40}?",
    "is": r"(?:is|was|are|were|has been|had been|ist|war|wurde|est|a .t.|est.|fue|werd)",
    # Whose certificate everybody trusts, so that a server which doesn't lacks something.
    "cloud": r"(?:microsoft(?: (?:office )?365)?|(?:office|microsoft) ?365|[om]365|exchange online|eop|google|gmail)",
    "untrusted": (
        r"(?:untrusted|(?:not|n.t) (?:\w+ ){0,3}?(?:trust(?:ed)?|chain\w* (?:\w+ ){0,2}?to)\b|unknown (?:root|authority|issuer)"
        r"|nicht vertrau\w+|kein\w* vertrau\w+|pas (?:approuv|de confiance|reconnu)|non approuv|no es de confianza)"
    ),
}


@dataclass(frozen=True, slots=True)
class _Row:
    says: Any
    causes: tuple[str, ...]
    denies: bool


def _words() -> list[tuple[str, tuple[str, ...], bool]]:
    """(pattern, causes, whether its words deny something) for each row of answers.toml."""
    found = []
    for row in table(Path(diagnostics.__file__).with_name("answers.toml"))["answer"]:
        words = "|".join(row["says"])
        for name, part in _PARTS.items():
            words = words.replace("{" + name + "}", part)
        found.append((words, tuple(row["causes"]), bool(row.get("denies"))))
    return found


_ROWS: Final = tuple(
    _Row(linear(rf"(?i)(?:\b|^|\s|[^\x00-\x7f])(?:{words})"), causes, denies) for words, causes, denies in _words()
)
_DENIED = linear(
    r"(?i)\b(?:not|n.t|never|no longer|nicht|kein\w*|pas|nunca|niet|geen|non|nie|inte|ej)\b|\bno (?:es|est|ha|hay|se)\b|não\b"
    r"|ません|ない"
)
_BEFORE = linear(
    r"(?i)\b(?:not|n.t|never|nicht|kein\w*|pas|if|whether|ob|falls|si|perhaps|maybe|vielleicht)\b[^.;:,]{0,24}$"
)


@recogniser("|".join(words for words, _, _ in _words()), rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each statement of a later text."""
    if not reading.paste.index:
        return []
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        causes = () if line.rstrip().endswith("?") else _stated(line[:1000])
        if causes:
            fact = Configured(source=source_at(reading, index), kind=KIND, values=(("Causes", ", ".join(causes)),))
            found.append(artefact(reading, KIND, [index], [fact], {"told": line.strip()[:200]}))
    return found


def _stated(line: str) -> tuple[str, ...]:
    """The causes that the line speaks for, as found."""
    for row in _ROWS:
        found = row.says.search(line)
        if found is None:
            continue
        before, after = line[: found.start()], line[found.end() :]
        denied = _BEFORE.search(before) or (not row.denies and _DENIED.search(found.group(0)))
        if not denied and not supposes(before) and not over(line[: found.end()], after):
            return row.causes
    return ()
