"""`Get-ExchangeDiagnosticInfo -Component ResourceThrottling`: what back pressure watches, with the level of each resource.

People print its XML, or the `ResourceMeter` elements as a list. A resource on level Medium or High tells what event 15004
would. Source: https://learn.microsoft.com/exchange/mail-flow/back-pressure
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.format_list import blocks
from diagnostics.recognisers.format_table import tables
from diagnostics.recognisers.sources import source_at

_ELEMENT = linear(r"<(Resource|CurrentResourceUse|Pressure)>([^<>]{1,300})</")
_SHORT: Final = frozenset({"high", "medium"})
_LEVELS: Final = _SHORT | {"low"}


class _Meter(Struct):
    """One resource, with the 0-based lines on which it stands."""

    lines: list[int]
    resource: str = ""
    use: str = ""
    pressure: str = ""


@recogniser(r"(?:^\s*CurrentResourceUse\s*:|<CurrentResourceUse>|^\s*Resource\s+CurrentResourceUse\b)", rank=35)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each resource."""
    lines = reading.free()
    listed = (
        _Meter(each.lines, each.value("resource"), each.value("currentresourceuse"), each.value("pressure"))
        for each in blocks(lines)
    )
    tabled = (
        _Meter(list(row.lines), row.cells["resource"], row.cells["currentresourceuse"], row.cells.get("pressure", ""))
        for row in tables(lines, "resource", "currentresourceuse")
    )
    every = (*listed, *_elements(lines), *tabled)
    return [_artefact(reading, each) for each in every if each.resource and each.use.lower() in _LEVELS]


def _elements(lines: Sequence[tuple[int, str]]) -> Iterator[_Meter]:
    meter = _Meter([])
    for index, line in lines:
        for name, value in _ELEMENT.findall(line) if "<" in line else ():
            if name == "Resource":
                yield meter
                meter = _Meter([index], resource=value.strip())
            elif meter.resource:
                meter.lines.append(index)
                if name == "Pressure":
                    meter.pressure = value.strip()
                else:
                    meter.use = value.strip()
    yield meter


def _artefact(reading: Reading, meter: _Meter) -> Artefact:
    short = meter.use.lower() in _SHORT
    text = f"{meter.resource} = {meter.pressure if meter.pressure.isdecimal() else '0'} [{meter.use}]"
    source = source_at(reading, meter.lines[0])
    values = (("Use", meter.use),)
    facts: list[Fact] = [Configured(source=source, kind="resource-meter", name=meter.resource, values=values)]
    if short:
        facts.append(WindowsEvent(source=source, provider="MSExchangeTransport", event=15004, text=text))
    return artefact(reading, "resource-meter", meter.lines, facts, {"resource": meter.resource, "use": meter.use})
