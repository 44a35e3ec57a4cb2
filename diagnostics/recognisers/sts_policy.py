"""The policy file of MTA-STS, as `curl https://mta-sts.<domain>/.well-known/mta-sts.txt` prints it, or as Postfix is told it.

Source: https://www.rfc-editor.org/rfc/rfc8461
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

KIND: Final = "sts-policy"
_VERSION = linear(r"(?i)^\s*version: ?STSv1\s*$")
_MODE = linear(r"(?i)^\s*mode: ?(enforce|testing|none)\s*$")
_HOST = linear(r"(?i)^\s*mx: ?([a-z0-9*_.-]{1,253}?)\.?\s*$")
_AGE = linear(r"(?i)^\s*max_age: ?\d{1,10}\s*$")
_OF = linear(r"(?i)\bmta-sts\.([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})")
# What the resolver for Postfix makes of a policy, where it is enforced alone: .example.com stands for *.example.com.
_SECURE = linear(r"\bsecure match=([a-z0-9._:-]{3,500})")
_MOST: Final = 40  # lines of a policy


@recogniser(r"^\s*version: ?STSv1\s*$", rank=46)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each policy."""
    return [
        artefact(reading, KIND, lines, [fact], {"domain": fact.name, "mode": fact.get("Mode"), "mx": fact.items("Mx")})
        for fact, lines in _policies(reading)
    ]


@recogniser(r"\bsecure match=", rank=97)
def read_postfix(reading: Reading) -> Sequence[Artefact]:
    """The first line of Postfix's, or of its table's, that has such a policy."""
    for index, line in enumerate(reading.paste.lines):  # a line of the log, whose reply another has read
        if found := _SECURE.search(line[:2000]):
            named = [each.rstrip(".") for each in str(found.group(1)).split(":")]
            hosts = [f"*{each}" if each.startswith(".") else each for each in named if "." in each]
            values = (("Mode", "enforce"), ("Mx", "{" + ", ".join(hosts) + "}"))
            fact = Configured(source=source_at(reading, index), kind=KIND, values=values)
            return [artefact(reading, KIND, [index], [fact], {"mode": "enforce", "mx": fact.items("Mx")})]
    return []


def _policies(reading: Reading) -> Iterator[tuple[Configured, list[int]]]:
    lines = reading.paste.lines
    domain = ""
    for index, line in enumerate(lines):
        named = _OF.search(line)
        domain = named.group(1).lower() if named else domain
        if not _VERSION.search(line) or index in reading.claimed:
            continue
        taken, mode, hosts = [index], "", list[str]()
        for number in range(index + 1, min(index + _MOST, len(lines))):
            if found := _MODE.search(lines[number]):
                mode = found.group(1).lower()
            elif found := _HOST.search(lines[number]):
                hosts.append(found.group(1).lower())
            elif lines[number].strip() and not _AGE.search(lines[number]):
                break
            taken.append(number)
        values = (("Mode", mode), ("Mx", "{" + ", ".join(hosts) + "}"))
        yield Configured(source=source_at(reading, index), kind=KIND, name=domain, values=values), taken
