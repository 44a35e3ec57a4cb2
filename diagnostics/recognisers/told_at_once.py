"""That a connection tried by hand fails at once, as a person tells it.

Telnet and Test-NetConnection print the same for a refusal and for silence; the time that they take tells the two apart.
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
from diagnostics.recognisers.told_settings import answers, stated

_SOON: Final = (
    r"instantly|immediately|at once|right away|straight ?away|instantaneously|in no time|within a second"
    r"|without (?:any |a )?(?:delay|wait\w*)|sofort|augenblicklich|immédiatement|tout de suite|inmediatamente|al instante"
    r"|immediatamente|subito|meteen|onmiddellijk"
)
_FAILS: Final = (
    r"comes? back|came back|fail(?:s|ed|ing)?|errors? out|ends?|closes?|refus\w+|reject\w+|returns?|gives? up|says? so"
    r"|error|failure|message|fehler\w*|schlägt|bricht|kommt|échou\w+|erreur|falla|error|fallisce|errore|faalt|fout\w*"
)
_AT_ONCE = linear(
    rf"(?i)\b(?:{_FAILS})\b[^.;\n]{{0,40}}\b(?:{_SOON})\b|\b(?:{_SOON})\b[^.;,\n]{{0,24}}\b(?:{_FAILS})\b"
)
_TESTED = linear(
    r"(?i)\btelnet\b|Test-NetConnection|\btnc\b|TcpTestSucceeded|TCP connect to|connect failed|could not open"
)
_WHEN = linear(rf"(?i)\b(?:{_SOON})\b")
_DENIED = linear(r"(?i)\b(?:not|n.t|never|without an?|nicht|kein\w*|pas|no|non|niet)\b[^.;\n]{0,20}$")


@recogniser(rf"(?:{_SOON})", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence, beside a test that failed."""
    if not answers(reading) or not any(map(_TESTED.search, reading.paste.lines)):
        return []
    for index, told in stated(reading, _AT_ONCE):
        if _DENIED.search(told.string[: told.start()]) or _DENIED.search(_before_soon(told.group(0))):
            continue
        fact = Configured(source=source_at(reading, index), kind="told-at-once")
        return [artefact(reading, "told-at-once", [index], [fact], {"told": told.group(0)[:80]})]
    return []


def _before_soon(text: str) -> str:
    """What stands in front of the word for the time: "does not fail at once" and "fails, but not at once" deny alike."""
    found = _WHEN.search(text)
    return text[: found.start()] if found else text
