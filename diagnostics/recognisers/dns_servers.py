"""Which DNS servers a machine asks: `ipconfig /all`, `netsh interface ip show dns`, Get-DnsClientServerAddress, resolv.conf.

Source: https://learn.microsoft.com/windows-server/administration/windows-commands/ipconfig
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import DnsServers
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.format_table import tables
from diagnostics.recognisers.sources import source_at

_ADDRESS: Final = r"(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{0,32}"
# Windows pads its labels with dots: "DNS Servers . . . :", "DNS-Server  . . . :", "Serveurs DNS. . . :".
_LABEL: Final = (
    r"^\s*(?:DNS[ -]?Servers?|Serveurs DNS|Servidores DNS|Server DNS|DNS-servrar)[ .]{2,}:"
    r"|^\s*nameserver\s|^\s*(?:Statically Configured DNS Servers|DNS servers configured through DHCP)\s*:|^\s*ServerAddresses\s*:"
)
# Windows' own columns, and those that are chosen, where the family is a number: 2 or 23.
_TABLE: Final = r"^\s*\S.{0,60}?\s+(?:\d{1,3}\s+IPv[46]|IPv[46]|2|23)\s+\{"
_HEADER: Final = r"\bInterfaceAlias\s.*\bServerAddresses\b"  # of columns that were chosen, without the family
_CHOSEN = linear(rf"(?i){_HEADER}")
_LIST = linear(rf"(?i)(?:{_LABEL})(.*)$")
_ROW = linear(rf"(?i){_TABLE}([^{{}}]*)\}}?")
_ONE = linear(rf"\b(?:{_ADDRESS})")
_ALONE = linear(rf"^\s*(?:{_ADDRESS})(?:%\d{{1,5}})?\s*(?:<?[-=(#].{{0,80}})?$")  # a remark may stand behind it
_MOST: Final = 12


@recogniser(rf"(?:{_LABEL}|{_TABLE}|{_HEADER})", rank=40)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each list of servers that is not empty."""
    return [
        artefact(reading, "dns-servers", lines, (fact,), {"servers": list(fact.addresses)})
        for fact, lines in _lists(reading)
    ]


def _lists(reading: Reading) -> Iterator[tuple[DnsServers, list[int]]]:
    lines = reading.free()
    for row in (
        tables(lines, "interfacealias", "serveraddresses") if any(_CHOSEN.search(line) for _, line in lines) else ()
    ):
        addresses = _ONE.findall(row.cells["serveraddresses"])
        if addresses and not _ROW.search(reading.paste.lines[row.line]):
            yield DnsServers(source=source_at(reading, row.line), addresses=tuple(addresses[:_MOST])), list(row.lines)
    for place, (index, line) in enumerate(lines):
        found = _LIST.search(line) or _ROW.search(line)
        if not found:
            continue
        more = list(takewhile(lambda each: bool(_ALONE.search(each[1])), lines[place + 1 : place + _MOST]))
        taken = [index, *(number for number, _ in more)]
        addresses = _ONE.findall(" ".join([found.group(1), *(text for _, text in more)]))
        if addresses:
            yield DnsServers(source=source_at(reading, index), addresses=tuple(addresses[:_MOST])), taken
