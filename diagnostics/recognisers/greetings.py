"""How a server greets over IPv6 and over IPv4, where both were tried by hand: telnet prints the address before it connects.

A server that takes one family and turns the other away judges the sender's address, not the sender.
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

_TRYING = linear(r"^\s*(?:\* +)?Trying ([0-9A-Fa-f.:]{3,45}?)(?::25)?\.{0,3}\s*$")
_GREETING = linear(r"^\s*(220|[45]\d\d)[ -]\S")
_NEAR: Final = 6  # lines between the address and the greeting
_MOST: Final = 200  # lines


@recogniser(r"^\s*(?:\* +)?Trying [0-9A-Fa-f.:]{3,45}", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact where the families were greeted differently; `values` are the code by family."""
    greeted = {("IPv6" if ":" in ip else "IPv4"): (index, code) for index, ip, code in _greetings(reading)}
    if len(greeted) < 2 or len({code[:1] for _, code in greeted.values()}) < 2:
        return []
    lines = sorted(index for index, _ in greeted.values())
    values = tuple((family, code) for family, (_, code) in sorted(greeted.items()))
    fact = Configured(source=source_at(reading, lines[0]), kind="greetings", values=values)
    return [artefact(reading, "greetings", lines, [fact], dict(values))]


def _greetings(reading: Reading) -> Iterator[tuple[int, str, str]]:
    """The line (0-based), the address that was tried, and the code of what answered there."""
    ip, at = "", -1
    for index, line in enumerate(reading.paste.lines[:_MOST]):
        tried, greeting = _TRYING.search(line), _GREETING.search(line)
        if tried:
            ip, at = str(tried.group(1)).rstrip("."), index
        elif greeting and ip and index - at <= _NEAR:
            yield index, ip, str(greeting.group(1))
            ip = ""
