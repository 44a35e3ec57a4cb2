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
    "gap": r"(?:[^.;\n]|\.\w)*?",  # of the same clause; a bound would be a state of the automaton for each character
    "is": r"(?:is|was|are|were|has been|had been|ist|war|wurde|est|a .t.|est.|fue|werd)",
    "cert": r"(?:cert\w*|zertifikat\w*|certyfikat\w*)",
    "missing": r"(?:missing|absent|gone|lost|fehlt|fehlen|weg|manqu\w+|falta\w*|manca\w*|ontbreekt|brakuje|saknas)",
    "off": (
        r"(?:off|disabled|inactive|deactivated|switched off|turned off|deaktiviert|ausgeschaltet|abgeschaltet|désactivé\w*"
        r"|desactivad\w|deshabilitad\w|disattivat\w|disabilitat\w|uitgeschakeld|wyłączon\w|avstängd)"
    ),
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
_NOTED = linear(r"\s[-=]+>\s")  # what came of it, beside the command
# What somebody typed into a shell: the names of cmdlets and properties in it state nothing.
_TYPED = linear(
    r"^\s*(?:(?:\[PS\] ?|PS )(?:[A-Z]:|/)|[A-Z]:\\)[^>\n]{0,200}>|^\s*[\w.-]{1,64}@[\w.-]{1,64}:[^#$\n]{0,120}[#$] "
    r"|^\s*(?:Get|Test)-[A-Z]\w+ [^|\n]*\|"
)
_DENIED = linear(
    r"(?i)\b(?:not|n.t|never|none|no longer|nicht|kein\w*|pas|nunca|niet|geen|non|nie|inte|ej)\b|\bno (?:es|est|ha|hay|se)\b"
    r"|não\b|ません|ない"
)
_SENTENCE = linear(r"^.*[.?!]\s")  # and all that stands before the last one
_BEFORE = linear(
    r"(?i)\b(?:not|n.t|never|nicht|kein\w*|pas|if|whether|ob|falls|si|perhaps|maybe|vielleicht)\b[^.;:,]{0,24}$"
)


@recogniser(r"\S", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each statement of a later text."""
    if not reading.paste.index:
        return []
    lines = ((index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES])
    told = [(index, line) for index, line in lines if _NOTED.search(line) or not _TYPED.search(line)]
    whole = "\n".join(line for _, line in told)
    rows = [
        row for row in _ROWS if row.says.search(whole)
    ]  # most are said nowhere: looked for once, and not in each line
    found = []
    for index, line in told if rows else ():
        causes = () if line.rstrip().endswith("?") else _stated(line, rows)
        if causes:
            fact = Configured(source=source_at(reading, index), kind=KIND, values=(("Causes", ", ".join(causes)),))
            found.append(artefact(reading, KIND, [index], [fact], {"told": line.strip()[:200]}))
    return found


def _stated(line: str, rows: Sequence[_Row]) -> tuple[str, ...]:
    """The causes that the line speaks for, as found."""
    causes: dict[str, None] = {}
    for row in rows:
        found = row.says.search(line)
        if found is None:
            continue
        before, after = _SENTENCE.sub("", line[: found.start()]), line[found.end() :]
        denied = _BEFORE.search(before) or (not row.denies and _DENIED.search(found.group(0)))
        if not denied and not supposes(before) and not over(line[: found.end()], after):
            causes.update(dict.fromkeys(row.causes))
    return tuple(causes)
