"""TLSA records as dig prints them, the hash of a key as openssl does, and delv's verdict on a signed answer: what somebody
looks up to see whether DANE's records and a certificate belong together.

Sources: https://www.rfc-editor.org/rfc/rfc6698, https://bind9.readthedocs.io/en/latest/manpages.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.dns_command import command_on
from diagnostics.recognisers.sources import source_at

RECORD: Final = "tlsa-record"
HASH: Final = "key-hash"
DELV: Final = "delv"
_OWNER: Final = r"^\s*_\d{1,5}\._tcp\.([\w.-]{1,253}?)\.?\s+(?:\d{1,10}\s+)?IN\s+TLSA\s+\(?\s*"
_DATA: Final = r"0?([0-3]) 0?([01]) 0?([0-2]) ([0-9A-Fa-f][0-9A-Fa-f ]{19,800}(?:\.{3}|\x{2026})?)"
_FULL = linear(rf"(?i){_OWNER}{_DATA}")
_SHORT = linear(rf"^\s*{_DATA}\s*$")
_CONNECTED = linear(r"-connect\s+\[?([A-Za-z0-9][A-Za-z0-9_.-]{0,252}):\d{1,5}\b")
_DIGEST = linear(r"^\s*(?:SHA2?-?256)?\((?:stdin|-)\)= ?([0-9a-fA-F]{64})\s*$|^\s*([0-9a-f]{64})\s+-\s*$")
_VALIDATED = linear(r"^; (fully validated)\s*$")
_BROKEN = linear(
    r"(?i)^;; (?:resolution failed: )?((?:validating \S{1,260}: )?(?:no valid (?:RRSIG|signature found|DS|KEY)|broken trust chain"
    r"|insecurity proof failed|got insecure response; parent indicates it should be secure"
    r"|verify failed due to bad signature[^\n]{0,120}|RRSIG (?:has expired|failed to verify)|DS record[^\n]{0,80}no match)"
    r"[^\n]{0,80})"
)
_DELVED = linear(r"(?i)(?:^|[>$#]\s*)delv\s+(?:@\S{1,253} )?(?:[A-Z]{1,5} )?([A-Za-z0-9_.-]{3,253})")
_LEAST: Final = 20  # digits of a record that is worth comparing


@recogniser(
    r"(?:\sIN\s+TLSA\s|^\s*0?[0-3] 0?[01] 0?[0-2] [0-9A-F]{6}|\((?:stdin|-)\)= ?[0-9a-f]{64}|^\s*[0-9a-f]{64}\s+-\s*$"
    r"|^; fully validated|^;; (?:resolution failed|validating \S+):|^;; (?:no valid|broken trust|insecurity proof))",
    rank=47,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all records, hashes and verdicts of the paste."""
    facts = list(_facts(reading))
    lines = [fact.source.line - 1 for fact in facts]
    return [artefact(reading, "tlsa-records", lines, facts, {"facts": len(facts)})] if facts else []


def _facts(reading: Reading) -> Iterator[Fact]:
    asked = connected = ""
    for index, line in enumerate(reading.paste.lines):
        command = command_on(line) if "dig" in line else None
        if command and command.record == "TLSA":
            asked = command.name.rstrip(".").lower().partition("._tcp.")[2]
        to = _CONNECTED.search(line)
        connected = to.group(1).lower() if to else connected
        if index in reading.claimed:
            continue
        if (found := _FULL.search(line)) or (short := _SHORT.search(line)):
            host, *values = found.groups() if found else (asked, *short.groups())
            yield from _record(reading, index, host.lower(), values)
        elif digest := _DIGEST.search(line):
            value = (digest.group(1) or digest.group(2)).lower()
            yield _configured(reading, index, HASH, connected, Data=value)
        else:
            yield from _delved(reading, index, line)


def _record(reading: Reading, index: int, host: str, values: Sequence[str]) -> Iterator[Fact]:
    usage, selector, matching, data = values
    digits = data.rstrip(".\u2026").replace(" ", "").lower()
    if len(digits) >= _LEAST:
        cut = data.rstrip().endswith((".", "\u2026"))
        yield _configured(
            reading, index, RECORD, host, Form=f"{usage} {selector} {matching}", Data=digits, Cut=str(cut)
        )


def _delved(reading: Reading, index: int, line: str) -> Iterator[Fact]:
    broken = _BROKEN.search(line)
    if not (broken or _VALIDATED.search(line)):
        return
    above = (found for each in reversed(reading.paste.lines[:index]) if (found := _DELVED.search(each[:400])))
    name = next((str(found.group(1)).rstrip(".").lower() for found in above), "")
    verdict = {"Verdict": "broken", "Reason": str(broken.group(1))} if broken else {"Verdict": "valid"}
    yield _configured(reading, index, DELV, name, **verdict)


def _configured(reading: Reading, index: int, kind: str, name: str, **values: str) -> Configured:
    source = source_at(reading, index)
    return Configured(source=source, kind=kind, name=name, host=name, values=tuple(values.items()))
