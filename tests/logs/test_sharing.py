"""Work shared with forked processes comes to what it comes to alone."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.logs.sharing import shared

HERE = os.getpid()


def _squares(numbers: Sequence[int]) -> list[int]:
    return [number * number for number in numbers]


def _only_here(numbers: Sequence[int]) -> list[int]:
    if os.getpid() != HERE:
        os._exit(1)
    return _squares(numbers)


@settings(max_examples=20)
@given(st.lists(st.integers(), max_size=9), st.integers(1, 4))
def test_the_results_stand_in_the_order_of_the_items(items: list[int], workers: int) -> None:
    assert shared(_squares, items, workers) == _squares(items)


def test_every_process_has_its_share() -> None:
    found = shared(lambda some: [os.getpid() for _ in some], range(5), 2)
    assert found[0] == found[2] == found[4] == os.getpid() != found[1] == found[3]


def test_the_share_of_a_process_that_died_is_done_here() -> None:
    assert shared(_only_here, range(5), 3) == _squares(range(5))


def test_what_goes_wrong_in_another_process_is_raised_here(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        shared(lambda some: [1 // each for each in some], [1, 0], 2)
    assert capfd.readouterr() == ("", "")
