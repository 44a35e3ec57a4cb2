"""The results of authentication as a web page sums them up, Gmail's "Show original" above all: `SPF: PASS with IP 192.0.2.4`,
`DKIM: 'PASS' with domain contoso.com`, `DMARC: 'FAIL'`, in lines, a table or one sentence.

Pages in other languages keep these words. DMARC and one of the others make a summary; where the header's own results were pasted,
those are read instead.
Source: https://support.google.com/mail/answer/29436
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Authentication
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_RESULT = linear(
    r"(?i)\b(SPF|DKIM|DMARC)\b[ *`_]{0,3}[:|\t'\"][\s:|'\"*`_]{0,12}"
    r"(PASS|FAIL|SOFTFAIL|NEUTRAL|NONE|TEMPERROR|PERMERROR)\b"
)
_HEADER = linear(r"(?i)\b(?:spf|dkim|dmarc)=\s?\w")
_IP = linear(r"(?i)\b((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})\b")
_DOMAIN = linear(r"(?i)\b([a-z0-9_-]{1,63}(?:\.[a-z0-9-]{1,63}){0,6}\.[a-z][a-z0-9-]{1,62})\b")
_FROM = linear(
    r"(?i)^[\s*|-]{0,6}(?:From|Von|De|Da|Van|Od|От)\b\W{0,6}[^\n]{0,200}?[\w.+'-]{1,64}@([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})\b"
)
_NEAR: Final = 8  # lines
_VALUE: Final = 80  # characters behind a result, in which its address or domain stands


@recogniser(r"\bDMARC\b[ *`_]{0,3}[:|\t'\"]", rank=46)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first summary."""
    if any(_HEADER.search(line) for line in reading.paste.lines):
        return []
    told = {each: (index, result, behind) for index, each, result, behind in reversed(list(_results(reading)))}
    if "dmarc" not in told or len(told) == 1:
        return []
    where = sorted({index for index, _, _ in told.values()})
    if where[-1] - where[0] > _NEAR:
        return []
    results = {name: result for name, (_, result, _) in told.items()}
    ip, signer = (
        _first(pattern, told[name][2]) if name in told else "" for pattern, name in ((_IP, "spf"), (_DOMAIN, "dkim"))
    )
    fact = Authentication(
        source=source_at(reading, told["dmarc"][0]),
        spf=results.get("spf", ""),
        dkim=results.get("dkim", ""),
        dmarc=results["dmarc"],
        sender_ip=ip,
        header_d=signer,
        header_from=next((name for line in _around(reading, where[0]) if (name := _first(_FROM, line))), ""),
    )
    kind = "told-results" if where[0] == where[-1] else "message-headers"  # a sentence's words are the person's, too
    if kind == "message-headers":
        reading.quote(where)
    return [artefact(reading, kind, where, [fact], results)]


def _results(reading: Reading) -> Iterator[tuple[int, str, str, str]]:
    """Each result with its line (0-based), its check and what stands behind it up to the next."""
    for index, line in reading.free():
        found: list[Any] = list(_RESULT.finditer(line[:1000]))
        for match, end in zip(found, [*(each.start() for each in found[1:]), len(line)], strict=False):
            yield index, match.group(1).lower(), match.group(2).lower(), line[match.end() : end][:_VALUE]


def _around(reading: Reading, line: int) -> tuple[str, ...]:
    return reading.paste.lines[max(line - _NEAR, 0) : line + _NEAR]


def _first(pattern: Any, text: str) -> str:
    found = pattern.search(text)
    return str(found.group(1)).lower() if found else ""
