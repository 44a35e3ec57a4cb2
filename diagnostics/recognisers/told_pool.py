"""A server of Exchange Online's relay pool (40.95.0.0/16, or `rly` in its name), told or shown in a line, beside what went wrong
with its mail: SPF that fails for it, mail that does not arrive from it.

Source: https://learn.microsoft.com/defender-office-365/outbound-spam-high-risk-delivery-pool-about
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

KIND: Final = "told-relay-pool"
_SERVER: Final = r"\b40\.95(?:\.(?:\d{1,3}|x{1,3})){2}\b|\bmail-[a-z0-9]{2,20}rlyn?\d{2,6}\.outbound\."
_NAMED = linear(rf"(?i){_SERVER}")
_WRONG = linear(
    r"(?i)\b(?:fail\w*|bounce\w*|reject\w*|refus\w*|block\w*|missing|lost|never|not (?:being )?(?:received|delivered|included"
    r"|listed|accepted)|(?:doesn.t|does not|don.t) (?:arrive|pass|come|get|cover)"
    r"|fehlt|fehlgeschlagen|abgelehnt|blockiert|échou\w*|rejet\w*"
    r"|rechaz\w*|rifiut\w*)\b"
)
_MOST_LINES: Final = 400
_LONGEST: Final = 1_000


@recogniser(f"(?:{_SERVER})", rank=99)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact, of the first line that names such a server and that no report has claimed."""
    lines = [(index, line[:_LONGEST]) for index, line in reading.free()[:_MOST_LINES]]
    index = next((index for index, line in lines if _NAMED.search(line)), -1)
    if index < 0 or not any(_WRONG.search(line) for _, line in lines):
        return []
    spf = any("spf" in line.lower() for _, line in lines)
    fact = Configured(source=source_at(reading, index), kind=KIND, name="spf" if spf else "", failing=True)
    return [artefact(reading, KIND, [index], [fact], {"named": True})]
