"""MX records that somebody looked up by hand: a domain, and the host its mail is sent to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import re2

from diagnostics.causes.dns.lookups import same
from diagnostics.facts import DnsAnswer

_TARGET = re2.compile(
    r"(?i)(?:\bmail exchanger = (?:\d+ )?|\s(?:IN\s+)?MX\s+\d+\s+(?:(?:Answer|Antwort)\s+)?(?:\d+\s+)?)"
    r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)"
)
_MICROSOFT = re2.compile(r"(?i)\.(?:mail\.protection\.outlook\.com|mail\.eo\.outlook\.com|mx\.microsoft)\.?$")


@dataclass(frozen=True, slots=True)
class Exchanger:
    domain: str
    host: str
    answer: DnsAnswer

    @property
    def is_microsoft(self) -> bool:
        return is_microsoft(self.host)


def is_microsoft(host: str) -> bool:
    """Whether `host` has the name of an MX host of Exchange Online."""
    return bool(_MICROSOFT.search(host))


def exchangers(answers: Iterable[DnsAnswer]) -> list[Exchanger]:
    """The MX hosts as the answers' own lines show them, in the order read."""
    found = ((each, _TARGET.search(each.source.quote)) for each in answers if each.ok)
    return [Exchanger(each.name.lower(), str(target.group(1)).lower(), each) for each, target in found if target]


def exchanger_of(domain: str, answers: Iterable[DnsAnswer]) -> Exchanger | None:
    """The last MX host that was looked up for `domain`."""
    mine = [each for each in exchangers(answers) if same(each.domain, domain)]
    return mine[-1] if mine else None


def organization(host: str) -> str:
    """The last two labels: good enough to tell one provider's hosts from another's."""
    return ".".join(host.rstrip(".").casefold().split(".")[-2:])
