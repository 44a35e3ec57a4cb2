"""That a domain asks senders to check its server's certificate, by DANE or by MTA-STS, or signs its zone, as far as the texts
speak of it: TLSA records, Exchange Online's numbers for such a check, a policy in enforce mode.

What a look at a certificate shows means another thing where such a check is in force. It is no artefact: it makes nothing a
suspect, and any line may name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from diagnostics.facts import Source
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.text import Paste

POLICY: Final = "named-policy"
_MOST_LINES: Final = 400
_LONGEST: Final = 2_000
_NAMED: Final = (
    ("dane", linear(r"\bTLSA\b|\bDANE\b|\b[45]\.7\.32[1-5]\b|\b_25\._tcp\.")),
    ("dnssec", linear(r"(?i)\bDNSSEC\b|\bRRSIG\b|\bDS[ -](?:record|eintrag)|\brecord DS\b")),
    (
        "mta-sts",
        linear(r"(?i)\bMTA-?STS\b|\b_mta-sts\b|\bSTSv1\b|\bmode: ?enforce\b|\bpolic\w{1,2}\b[^.;\n]{0,30}\benforc"),
    ),
)
_DENIED = linear(
    r"(?i)\b(?:no|not|never|without|nor|n.t|nicht|kein\w*|ohne|pas|aucun\w*|sans|sin|ning\w+|geen|niet|senza|non|bez|nie|brak)"
    r"\b[^.;:,\n]{0,20}$"
)


def policies(pastes: Iterable[Paste]) -> Iterator[Configured]:
    """For each of them the first line that names it, without a denial before it."""
    lines = [
        (paste, index, line[:_LONGEST]) for paste in pastes for index, line in enumerate(paste.lines[:_MOST_LINES])
    ]
    whole = "\n".join(
        line for _, _, line in lines
    ).encode()  # most texts name none: looked for once, and not line by line
    for name, words in _NAMED:
        if not words.search(whole):
            continue
        place = next(((paste, index) for paste, index, line in lines if _affirmed(words, line)), None)
        if place is not None:
            paste, index = place
            yield Configured(source=Source(index + 1, paste.raw[index].strip(), paste.index), kind=POLICY, name=name)


def _affirmed(words: Any, line: str) -> bool:
    return any(not _DENIED.search(line[: found.start()]) for found in words.finditer(line))


def in_force(settings: Iterable[Configured], name: str) -> Configured | None:
    """What names the check, "dane", "dnssec" or "mta-sts"; None where nothing does."""
    return next((each for each in settings if each.kind == POLICY and each.name == name), None)
