"""What counts as a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.resemblance.words import features


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", set()),
        ("550 5.7.26 Rejected!", {"550", "5.7.26", "rejected", "550 5.7.26", "5.7.26 rejected"}),
        ("anna@contoso.com from 203.0.113.9", {"@", "from", "...", "@ from", "from ..."}),
        ("08DE2A6B91C0F4, done.", {"#", "done", "# done"}),
        ("受信", {"受", "信", "受 信", "receive"}),
        ("tls_process;closed", {"tls_process", "closed", "tls_process closed"}),
    ],
)
def test_addresses_and_identifiers_are_one_word_each(line: str, told: set[str]) -> None:
    assert features([line]) == [told]


def test_a_wrapped_sentence_has_the_pairs_of_a_whole_one() -> None:
    whole, wrapped = features(["recipient not found here"]), features(["recipient not", "", "found here"])
    assert set().union(*wrapped) == whole[0]


@given(st.lists(st.text()))
def test_any_text_has_features_for_each_line(lines: list[str]) -> None:
    assert len(features(lines)) == len(lines)
