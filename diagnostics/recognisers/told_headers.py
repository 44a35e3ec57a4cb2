"""Parts of a header that a person quotes in a sentence: `CAT:SPOOF`, `SFTY:9.25`, `dkim=fail (no key for signature)`.

Each is a name that only Microsoft's report or an Authentication-Results field has; the whole field is read elsewhere. Talk that
asks about such a name, or explains it, states nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Source
from diagnostics.mail_facts import Antispam, Authentication, Headers
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, judged_report
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_REPORT: Final = (
    r"\b(SFV):(BLK|SKB|SKQ|SPM|SKS)\b|\b(CAT):(SPOOF|MALW|AMP|SAP|FTBP|DIMP|UIMP|GIMP|HPHISH|HPHSH|PHSH|HSPM|SPM)\b"
    r"|\b(SFTY):(9\.\d{1,2})\b|\b(SFP):(1501)\b"
)
_FIELDS = linear(_REPORT)
_LEVEL = linear(r"(?i)\bOrganization-SCL:? ?[=\"']?(-1|\d)\b")  # of the organization, beside the verdict
_RESULTS: Final = r"\bcompauth=fail(?: reason=(\d{3}))?|\b(spf|dkim|dmarc)=(permerror|(?:\w{4,9}) \([^()\n]{6,80}\))"
_RESULT = linear(f"(?i){_RESULTS}")
# What makes a quoted part somebody's finding: the header it stands in, or what became of the mail.
_SEEN = linear(
    r"(?i)\bheaders?\b|X-Forefront|Authentication-Results|quarant|junk|spam folder|not (?:delivered|arriv)|red bar|blocked"
)
_TALK = linear(r"(?i)\bdocument(?:ed|ation)\b|\bdocs?\b|\barticles?\b|\bwiki\b|\bknow what\b")
_SIGNING = linear(r"(?i)\bheader\.(?:d=|i=@?)\s*([a-z0-9.-]{3,253})")
_PASSING = linear(r"(?i)\b(?:dmarc|compauth)=(pass|softpass|bestguesspass)\b")


@recogniser(f"(?:{_REPORT}|{_RESULTS})", rank=92)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line that quotes parts."""
    if not reading.claimed and not any(_SEEN.search(line) for _, line in reading.free()[:MOST_LINES]):
        return []
    found = []
    for index, line in reading.free()[:MOST_LINES]:
        text = line[:1000]
        if asks_about(text) or explains(text) or supposes(text) or _TALK.search(text):
            continue
        facts = list(_quoted(source_at(reading, index), text))
        if facts:
            found.append(artefact(reading, "told-headers", [index], facts, {"header": text[:200]}))
    return found


def _quoted(source: Source, line: str) -> Iterator[Fact]:
    parts = [tuple(part for part in match.groups() if part) for match in _FIELDS.finditer(line)]
    if parts:
        level = _LEVEL.search(line)
        parts += [("Organization-SCL", str(level.group(1)))] if level else []
        yield from judged_report(Antispam(source=source, fields=tuple((name, value) for name, value in parts)))
    results = list(_RESULT.finditer(line))
    if results and not _PASSING.search(line):
        named = {str(match.group(2)).lower(): _word(match.group(3)) for match in results if match.group(2)}
        composite = next((match for match in results if not match.group(2)), None)
        signer = _SIGNING.search(line)
        yield Authentication(
            source=source,
            spf=named.get("spf", ""),
            dkim=named.get("dkim", ""),
            dmarc=named.get("dmarc", ""),
            compauth="fail" if composite else "",
            reason=(composite.group(1) or "") if composite else "",
            header_d=signer.group(1) if signer else "",
        )
        yield Headers(source=source, values=(("authentication-results", line),))


def _word(result: str) -> str:
    """The result without what stands behind it in brackets."""
    return result.partition(" ")[0].lower()
