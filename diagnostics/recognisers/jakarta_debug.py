"""The debug output of Jakarta Mail (JavaMail): which logons the server offers, and which the client wanted and did not find.

Its exception only says that the logon failed, or nothing at all; these lines stand above it.
Source: https://eclipse-ee4j.github.io/angus-mail/docs/api/org.eclipse.angus.mail/org/eclipse/angus/mail/smtp/package-summary.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import LogonTried
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_LINE: Final = r"\bDEBUG SMTPS?: "
_HOST = linear(rf'{_LINE}connected to host "([\w.-]{{1,253}})"')
_OFFERED = linear(rf'{_LINE}Found extension "AUTH(?:=\S{{1,40}})?", arg "([^"]{{0,200}})"')
_LACKING = linear(rf"{_LINE}mechanism ([\w-]{{3,20}}) not supported by server")
_USED = linear(rf"{_LINE}Using mechanism ")
_MOST: Final = 2_000  # lines


@recogniser(rf"{_LINE}(?:Found extension \"AUTH|mechanism [\w-]{{3,20}} not supported)", rank=41)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact where no mechanism that the client wanted was offered; none where it used one: then the server answered."""
    lines: list[int] = []
    offered: dict[str, None] = {}
    host = lacking = ""
    for index, line in reading.free()[:_MOST]:
        if _USED.search(line):
            return []
        connected, listed, missing = _HOST.search(line), _OFFERED.search(line), _LACKING.search(line)
        if connected:
            host = connected.group(1)
        elif listed:
            offered |= dict.fromkeys(listed.group(1).upper().split())
        elif missing:
            lacking = lacking or missing.group(1).upper()
        if listed or missing:
            lines.append(index)
    if not (lacking and offered) or lacking in offered:
        return []
    fact = LogonTried(source=source_at(reading, lines[-1]), mechanism=lacking, offered=tuple(offered), host=host)
    return [artefact(reading, "jakarta-debug", lines, [fact], {"wanted": lacking, "offered": " ".join(offered)})]
