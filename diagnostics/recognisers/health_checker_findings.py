"""What HealthChecker itself calls an error or a warning: `Name: value --- Error`, or words to that effect on the lines below.

Each is a line of its own with a name, and stays one: causes know the names. A link `More Information` alone judges nothing.
Source: https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading
from diagnostics.recognisers.sources import source_at

_LINK: Final = r"^\W*(?:for )?more (?:details|information): ?<?https://aka\.ms/HC-\w"
_NAMES: Final = (
    "FIP-FS Update Issue Detected|UnifiedContent Auto Cleanup Configured|Transport Back Pressure"
    "|Open Relay Wild Card Domain"
)
_LIMITS: Final = "MaxPerDomainOutboundConnections|MessageRetryInterval"
SIGN: Final = rf"{_LINK}|^\s*(?:(?:{_NAMES})\s*:|(?:{_LIMITS})\s*:\s*Value set to\b)"
IS_FINDING: Final = linear(f"(?i){SIGN}")
_IS_LINK: Final = linear(f"(?i){_LINK}")
_PAIR = linear(r"^\s*([A-Z][\w .()/&'-]{1,80}?)\s*:\s*(.*?)\s*$")
_JUDGED = linear(
    r"(?i)-{2,3} ?(?:error|warning)\b|\b(?:error|warning) -{2,3}|\b(?:error|warning)[!:]"
    r"|, which is (?:less|greater) than the recomm|\bmisconfigured to\b|\bnot set to (?:CertificateValidation|service domain)"
)
# Printed in red without a word.
_BAD: Final = {
    "fip-fs update issue detected": "true",
    "unifiedcontent auto cleanup configured": "false",
    "exchange server membership": "failed",
}
_FLAG: Final = linear(r"(?i)^\s*(?:CloudServicesMailEnabled|TLSCertificateName set|Fqdn set)\s*:\s*(?:True|False)\s*$")
# Read as certificates and as protocol keys.
_ELSEWHERE: Final = linear(r"(?i)\b(?:tls|ssl|schannel|certificate|thumbprint)|^(?:client|server) .{0,20}enabled$")
_BELOW: Final = 5  # lines of one finding
_MOST: Final = 60


def findings(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[tuple[CommandError, list[int]]]:
    """Each finding, and its lines."""
    told = [(index, line) for index, line in lines if line.strip()]
    found = 0
    for at, (index, line) in enumerate(told):
        pair = _PAIR.search(line)
        if pair is None or _ELSEWHERE.search(pair.group(1)) or pair.group(1).lower() in ("error", "warning"):
            continue
        below = list(_below(told[at + 1 : at + 1 + _BELOW]))
        text = " ".join([line.strip(), *(each.strip() for _, each in below)])
        judged = [(index, line), *below]
        bad = _BAD.get(pair.group(1).lower()) == pair.group(2).lower()
        if (bad or any(_JUDGED.search(each) for _, each in judged)) and found < _MOST:
            found += 1
            fact = CommandError(source=source_at(reading, index), text=text, cmdlet="HealthChecker")
            yield fact, [each for each, _ in judged]


def _below(after: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines that explain the one above: no further name, or one that only explains."""
    for index, line in after:
        pair = _PAIR.search(line)
        explains = (
            _IS_LINK.search(line) or _FLAG.search(line) or (pair and pair.group(1).lower() in ("error", "warning"))
        )
        if pair and not explains:
            return
        if not (explains or _JUDGED.search(line) or line.startswith(("\t\t", "        "))):
            return
        yield index, line
