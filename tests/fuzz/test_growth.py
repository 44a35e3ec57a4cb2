"""No text costs more than its size: sixteen times the text takes sixteen times as long, and not 256 times."""

from __future__ import annotations

from typing import Final

import pytest

from tests.fuzz.families import FAMILIES
from tests.fuzz.growth import cost, read

SMALL, LARGE = 2_000, 32_000
_SLACK = 0.2  # µs a character: what a text costs that nothing is found in, and the clock's own grain
_FAR_SLACK: Final = 0.05
FAR: Final = {
    10_000_000: (
        "one line of letters",
        "one line of digits",
        "one line of commas",
        "one line of quotes",
        "one line of spaces",
        "one line of addresses",
        "empty lines",
        "carriage returns",
        "base64",
        "encoded words",
        "one deep quotation",
        "open brackets",
        "open tags",
        "entities",
        "a wide table",
        "zero width",
        "NULs",
        "JSON",
        "escaped backslashes",
        "backticks",
        "told in words",
    ),
    1_000_000: (
        "one line of reply codes",
        "one line of colons",
        "one line of braces",
        "reply lines",
        "rows of a log",
        "rows without a head",
        "quotation in quotation",
        "rows of the wizard",
        "thumbprints",
        "right to left",
        "surrogates",
        "combining marks",
        "wide letters",
        "tags",
    ),
}
"""As far as a family goes in about half a second. `make fuzz` takes all of them to 10 MB."""


@pytest.mark.parametrize("name", FAMILIES)
def test_cost_per_kilobyte_is_flat(name: str) -> None:
    small, large = FAMILIES[name](SMALL), FAMILIES[name](LARGE)
    assert 0.5 < len(large) / LARGE < 2
    read(small)  # whatever has to be loaded is loaded
    most = 2.5 * cost(small, 3) + _SLACK
    spent = cost(large, 1)
    if spent > most:  # somebody else may have had the processor
        spent = cost(large, 3)
    assert spent <= most


@pytest.mark.parametrize(("size", "name"), [(size, name) for size, names in FAR.items() for name in names])
def test_cost_is_flat_up_to_ten_megabytes(size: int, name: str) -> None:
    """Beyond 32 KB nothing is left of what a text costs once, so this is the stricter one."""
    large, far = FAMILIES[name](LARGE), FAMILIES[name](size)
    assert len(far) > size / 2
    read(large)
    most = 2.5 * cost(large, 3) + _FAR_SLACK
    spent = cost(far, 1)
    if spent > most:
        spent = cost(far, 2)
    assert spent <= most
