"""A TLS report (TLSRPT): what other organizations' servers met when they sent to a domain of the reader's.

It is JSON, and arrives cut, wrapped and with its brackets gone, so it is read by its keys.
Source: https://www.rfc-editor.org/rfc/rfc8460
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, StarttlsNotOffered, TlsReport
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_RESULTS: Final = (
    "starttls-not-supported|certificate-host-mismatch|certificate-expired|certificate-not-trusted|validation-failure"
    "|tlsa-invalid|dnssec-invalid|dane-required|sts-policy-fetch-error|sts-policy-invalid|sts-webpki-invalid"
)
_KEY = linear(
    r"(?i)\b(policy-type|policy-domain|policy-string|mx-host(?:-pattern)?|result-type|receiving-mx-hostname"
    r"|failed-session-count|total-failure-session-count)\b[\"' ]{0,3}[:= ]\s*"
    r"(\[[^\[\]]{0,1000}\]?|\"[^\"\n]{0,300}\"?|[\w.*-]{1,253})"
)
_STRING = linear(r"\"([^\"]{1,300})\"")
_MX_LINE = linear(r"(?i)^\s*mx:\s*([\w.*-]{1,253})(?:\\[rn]|\s)*$")
_LONGEST: Final = 200_000
_MOST: Final = 50


class _Policy(Struct):
    kind: str = ""
    domain: str = ""
    mx: tuple[str, ...] = ()


@recogniser(rf"(?:\bpolicy-type\b|\btotal-failure-session-count\b|\bresult-type\b\W{{1,6}}(?:{_RESULTS})\b)", rank=20)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the report; without a failure it holds no fact."""
    lines = reading.free()
    text = "\n".join(line for _, line in lines)[:_LONGEST]
    starts = [0]
    for _, line in lines:
        starts.append(starts[-1] + len(line) + 1)
    found = [(key.group(1).lower(), key.group(2), bisect_right(starts, key.start()) - 1) for key in _KEY.finditer(text)]
    if not found:
        return ()
    failures = list(_failures(found))[:_MOST]
    facts = [fact for told, place in failures for fact in _facts(reading, told, lines[place][0])]
    claims = [index for index, _ in lines[found[0][2] : found[-1][2] + 1]]
    results = [told["result"] for told, _ in failures]
    return [artefact(reading, "tls-report", claims, facts, {"results": results})]


def _failures(found: Sequence[tuple[str, str, int]]) -> Iterator[tuple[dict[str, Any], int]]:
    """Each failure with the policy that it was met under, and the place of the line that names it."""
    policy = _Policy()
    open_: tuple[dict[str, Any], int] | None = None
    for key, value, place in found:
        plain = value.strip('"')
        if key == "result-type":
            if open_:
                yield open_
            told = {"result": plain.lower(), "policy": policy.kind, "domain": policy.domain, "patterns": policy.mx}
            open_ = (told | {"mx": "", "failed": 0}, place)
        elif key == "receiving-mx-hostname" and open_:
            open_[0]["mx"] = plain.lower().rstrip(".")
        elif key == "failed-session-count" and open_:
            open_[0]["failed"] = int(plain[:9]) if plain.isascii() and plain.isdigit() else 0
        elif key == "policy-type":
            policy = _Policy(plain.lower())
        else:
            _take(policy, key, value)
    if open_:
        yield open_


def _take(policy: _Policy, key: str, value: str) -> None:
    if key == "policy-domain":
        policy.domain = value.strip('"').lower()
    elif key == "policy-string":
        policy.mx = tuple(mx.group(1).lower() for each in _STRING.findall(value) if (mx := _MX_LINE.search(each)))
    elif key.startswith("mx-host") and not policy.mx:
        policy.mx = tuple(each.lower() for each in _STRING.findall(value)) or (value.strip('"').lower(),)


def _facts(reading: Reading, told: dict[str, Any], line: int) -> Iterator[Fact]:
    source = source_at(reading, line)
    yield TlsReport(source=source, host=told["mx"], **told)
    if told["result"] == "starttls-not-supported" and told["policy"] != "tlsa":
        yield StarttlsNotOffered(source=source, side="local", host=told["mx"])
