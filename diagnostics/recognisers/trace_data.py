"""The Data of a message trace event: XML with one element a value, of which CustomData packs more of them.

    <root><MEP Name="ConnectorId" String="Outbound to 6f1d"/><MEP Name="CustomData" Blob="S:OutboundIpPoolName=…;S:…"/></root>

In CustomData a value is `S:name=value`; one that holds a semicolon stands in single quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.mail_facts import Pairs
from diagnostics.patterns import linear

_ELEMENT = linear(r'<MEP\s+Name="([^"]{1,80})"\s+[A-Z][A-Za-z]{2,11}="([^"]*)"')
_CUSTOM: Final = "customdata"
_MOST: Final = 100  # values of one event
_LONGEST: Final = 20_000  # characters


def trace_data(text: str) -> Pairs:
    """The values in their order, those of CustomData in its place. A cut-off last element is left out."""
    found: list[tuple[str, str]] = []
    for name, value in _ELEMENT.findall(text[:_LONGEST]):
        found.extend(custom_data(value) if name.lower() == _CUSTOM else [(name, value)])
    return tuple(found[:_MOST])


def custom_data(text: str) -> Pairs:
    """The values of CustomData, or of a report's custom_data column, without the letter of their type."""
    parts = (part.strip() for part in _parts(text[:_LONGEST]))
    plain = (part[2:] if part[1:2] == ":" else part for part in parts)
    pairs = (part.partition("=") for part in plain if "=" in part)
    return tuple((name.strip(), value.strip()) for name, _, value in pairs if name.strip())[:_MOST]


def _parts(text: str) -> Iterator[str]:
    """Split at semicolons that stand outside of single quotes; the quotes go."""
    inside: list[str] = []
    for number, piece in enumerate(text.split("'")):
        pieces = [piece] if number % 2 else piece.split(";")
        inside.append(pieces[0])
        for each in pieces[1:]:
            yield "".join(inside)
            inside = [each]
    yield "".join(inside)
