"""A directory's answer that it has no such object: the sentence of Get-Recipient and its kin, in whatever a shell put around it.

Windows PowerShell prints `Get-Recipient : …` and a record, PowerShell 7 `Get-Recipient: …` or a box, the REST cmdlets of
Exchange Online wrap it in JSON. The server behind the words tells whose directory was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Source
from diagnostics.mail_facts import CommandError, LookedUp
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.text import squeezed

_QUOTES: Final = "['\"«»]"  # curly ones are folded already
_NOUN: Final = r"\b(?:object|objekt|objet|objeto|oggetto)\s?"
_NAMED: Final = rf"{_QUOTES}\s?([^'\"«»\n]{{1,320}}?)\s?{_QUOTES}"
_SERVER: Final = rf"{_QUOTES}\s?([A-Za-z0-9][\w.-]{{2,250}})\s?{_QUOTES}"
_MISSING: Final = rf"{_NOUN}{_NAMED}[^\n]{{1,60}}?{_SERVER}"
_IS_MISSING = linear(f"(?i){_MISSING}")
_SAID: Final = linear(
    r"(?i)could ?n[o']t be found|could not be found|nicht (?:auf [^\n]{1,260} )?gefunden"
    r"|introuvable|no se encontr|impossibile trovare|niet gevonden"
)
_CMDLET = linear(r"\b(Get-[A-Z][A-Za-z]{2,40})\b")
_BY_REST = linear(r"\bGet-EXO[A-Z]|\bEx[0-9A-F]{6}\|")  # the cmdlets of Exchange Online, whose server may be cut off
_ONLINE: Final = (".outlook.com", ".exchangelabs.com", ".office365.us", ".partner.outlook.cn")


def missing(text: str, source: Source) -> LookedUp | None:
    """The look-up that a directory's sentence reports as vain; None where `text` holds no such sentence."""
    found = _IS_MISSING.search(text) if _SAID.search(text) else None
    if found is None:
        return None
    name, server = str(found.group(1)).lower(), str(found.group(2)).lower()
    online = server.endswith(_ONLINE) or bool(_BY_REST.search(text))
    return LookedUp(
        source=source, address=name.removeprefix("smtp:"), found=False, where="exchange-online" if online else "on-prem"
    )


@recogniser(_MISSING, rank=64)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each such sentence that no other error was read from."""
    found = []
    for index, line in reading.free():
        source = source_at(reading, index)
        fact = missing(line[:4000], source)
        if fact:
            cmdlet = _CMDLET.search(line[:4000]) or _CMDLET.search(
                reading.paste.lines[index - 1][:4000] if index else ""
            )
            name = str(cmdlet.group(1)) if cmdlet else ""
            error = CommandError(source=source, text=squeezed(line[:4000]), cmdlet=name)
            shown = {"cmdlet": name, "error": squeezed(line)[:200]}
            found.append(artefact(reading, "command-error", [index], [error, fact], shown))
    return found
