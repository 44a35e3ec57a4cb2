"""No text costs more than its size: sixteen times the text takes sixteen times as long, and not 256 times."""

from __future__ import annotations

import pytest

from tests.fuzz.families import FAMILIES
from tests.fuzz.growth import cost, read

SMALL, LARGE = 2_000, 32_000
_SLACK = 0.2  # µs a character: what a text costs that nothing is found in, and the clock's own grain


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
