"""The form that asks what it was: it fits, and what is entered is bounded."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from diagnostics.cause import catalogue
from handlers.blocks.card import RESOLVE_CASE, WRONG
from handlers.blocks.verdict_form import Place, entered, place_of, verdict_form
from tests.handlers.drawn import NUMBER, TEXT
from tests.handlers.slack_limits import (
    MAX_LABEL,
    MAX_METADATA,
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_TITLE,
    MAX_VALUE,
    check_plain,
    length,
)


@given(st.sampled_from([RESOLVE_CASE, WRONG]), TEXT, st.lists(st.sampled_from(sorted(catalogue())) | TEXT, max_size=8))
def test_any_form_fits_and_says_what_it_is_about(action: str, value: str, suspects: list[str]) -> None:
    place = Place("C0EXCHANGE", "1790000000.000001", "1790000000.000002", action, value[:200])
    form = verdict_form(place, suspects)
    assert place_of(form) == place
    assert length(form["private_metadata"]) <= MAX_METADATA
    for text in (form["title"], form["submit"], form["close"]):
        check_plain(text, MAX_TITLE)
    for block in form["blocks"]:
        check_plain(block["label"], MAX_LABEL)
    groups = form["blocks"][0]["element"]["option_groups"]
    assert 1 <= len(groups) <= MAX_OPTIONS
    for group in groups:
        check_plain(group["label"], MAX_OPTION)
        assert 1 <= len(group["options"]) <= MAX_OPTIONS
        for option in group["options"]:
            check_plain(option["text"], MAX_OPTION)
            assert 1 <= length(option["value"]) <= MAX_VALUE


@given(
    st.recursive(
        st.none() | st.text(max_size=9) | NUMBER,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(Place.__slots__), inner),
        max_leaves=5,
    )
)
def test_a_form_of_another_shape_is_no_form(value: Any) -> None:
    assert place_of({"private_metadata": json.dumps(value)}) is None
    assert place_of({"private_metadata": value if isinstance(value, str) else ""}) is None


@given(TEXT, TEXT, TEXT)
def test_what_is_entered_is_bounded(cause: str, words: str, note: str) -> None:
    values = {"cause": {"cause": {"selected_option": {"value": cause}}}}
    values |= {name: {name: {"value": text}} for name, text in (("words", words), ("note", note))}
    told = json.loads(entered({"private_metadata": "", "state": {"values": values}}))
    assert told["cause"] in ("", "other")
    assert length(told["words"]) <= 300
    assert length(told["note"]) <= 2_000
