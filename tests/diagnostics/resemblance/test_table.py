"""The counts: made of this project's texts, the same each time, and good for texts that they were not made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from diagnostics.resemblance.table import PLACE, Resemblance, known, written
from tests.counting import counted, features_of, texts


def test_the_file_is_what_make_fix_writes() -> None:
    assert PLACE.read_bytes() == written(counted(texts())), (
        "the texts of a cause changed: make fix counts their words anew"
    )


def test_what_is_written_is_read_again() -> None:
    small = Resemblance.of([("a", {"one", "one two"}), ("b", {"three"}), ("c", {"one", "four"})])
    assert known().causes == counted(texts()).causes
    assert small.words == {"four": "2:10000", "one two": "0:10000", "three": "1:10000"}  # "one" is everybody's


def test_likeness_is_the_cosine() -> None:
    small = Resemblance.of([("a", {"x", "y"}), ("b", {"z"}), ("c", {"w"}), ("d", {"v"})])
    assert small.likeness({"x", "y"})["a"] == pytest.approx(1.0, abs=1e-3)
    assert small.likeness({"x"})["a"] == pytest.approx(math.sqrt(0.5), abs=1e-3)
    assert small.likeness({"x", "z"}) == pytest.approx({"a": 0.5, "b": math.sqrt(0.5)}, abs=1e-3)
    assert small.likeness({"unheard"}) == {}
    assert set(small.shares("a", {"x", "z"})) == {"x"}


def test_texts_that_were_left_out_are_mostly_known_by_the_others() -> None:
    every = list(texts())
    asked = every[::7]
    rest = counted(row for number, row in enumerate(every) if number % 7)
    found = [cause in _best(rest, text) for cause, text in asked if cause in rest.causes]
    assert sum(found) > 0.65 * len(found) > 500


def _best(table: Resemblance, text: str) -> Sequence[str]:
    alike = table.likeness(features_of(text))
    return sorted(alike, key=lambda cause: (-alike[cause], cause))[:3]
