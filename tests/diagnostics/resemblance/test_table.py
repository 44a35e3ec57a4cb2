"""What was learned: from this project's texts, the same each time, and good for texts that it was not learned from."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from diagnostics.resemblance.table import PLACE, TALK, Resemblance, known, written
from tests.learning import Known, features_of, learned, texts

_CLOSE = 0.05  # of likeness: what rounding and another processor's arithmetic may differ by
SMALL = Resemblance(
    ("a", "b"), (-90, -110), {"x": "300 0:150 1:-50", "x y": "400 0:100", "z": "200 1:200", "rare": "500"}
)


def test_the_file_is_what_make_fix_writes() -> None:
    anew, some = learned(texts()), [features_of(each.text) for each in texts()][::40]
    assert (anew.causes, anew.words.keys()) == (known().causes, known().words.keys()), (
        "the texts of a cause changed: make fix learns from them anew"
    )
    for told in some:
        before, now = known().likeness(told), anew.likeness(told)
        assert before == pytest.approx({cause: now.get(cause, 0.0) for cause in before}, abs=_CLOSE), (
            "the texts of a cause changed: make fix learns from them anew"
        )


def test_what_is_written_is_read_again() -> None:
    assert PLACE.read_bytes() == written(known())


def test_likeness_is_the_distance_from_the_plane() -> None:
    assert SMALL.likeness({"x"}) == pytest.approx({"a": 1 - 0.9 + 1.5})  # and b: 1 - 1.1 - 0.5 is less than nothing
    length = (3**2 + 4**2) ** 0.5
    assert SMALL.likeness({"x", "x y"})["a"] == pytest.approx(1 - 0.9 + (3 * 1.5 + 4 * 1.0) / length, abs=1e-3)
    assert SMALL.likeness({"z"}) == pytest.approx({"a": 0.1, "b": 1 - 1.1 + 2.0})


def test_a_word_that_tells_of_nothing_makes_the_others_tell_less() -> None:
    assert SMALL.likeness({"x", "rare"})["a"] < SMALL.likeness({"x"})["a"]
    assert SMALL.likeness({"rare"}) == pytest.approx({"a": 0.1})


def test_words_that_nobody_knows_are_like_nothing() -> None:
    assert SMALL.likeness({"unheard"}) == SMALL.likeness(set()) == {}
    assert SMALL.likeness({"x", "unheard"}) == SMALL.likeness({"x"})


def test_only_what_speaks_for_a_cause_is_shared_with_it() -> None:
    assert SMALL.shares("a", {"x", "x y", "z"}) == pytest.approx({"x": 4.5, "x y": 4.0})
    assert SMALL.shares("b", {"x", "x y", "z"}) == pytest.approx({"z": 4.0})


def test_texts_that_were_left_out_are_mostly_known_by_the_others() -> None:
    every = list(texts())
    apart = set(list(dict.fromkeys(each.text for each in every))[::7])  # a report of several causes goes as a whole
    rest = learned(each for each in every if each.text not in apart)
    written_for, told_before = _found(rest, every, apart, told=False), _found(rest, every, apart, told=True)
    assert sum(written_for) > 0.7 * len(written_for) > 500
    assert sum(told_before) > 0.55 * len(told_before) > 100


def _found(table: Resemblance, every: Sequence[Known], apart: set[str], *, told: bool) -> list[bool]:
    """Whether the cause that a text counts most for is among the first three: of what was written for a cause, or of what people
    told before anybody knew."""
    counted: dict[str, Known] = {}
    for each in every:
        if each.text in apart and each.weight > counted.get(each.text, Known("", "", 0.0)).weight:
            counted[each.text] = each
    return [
        each.cause in _best(table, each.text)
        for each in counted.values()
        if (each.weight != 1.0 and each.cause != TALK) is told
    ]


def _best(table: Resemblance, text: str) -> Sequence[str]:
    alike = table.likeness(features_of(text))
    return sorted(alike, key=lambda cause: (-alike[cause], cause))[:3]
