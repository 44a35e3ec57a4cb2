"""Text that is cut or quoted for Slack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.blocks import limits, mrkdwn
from tests.handlers.slack_limits import check_mrkdwn, length


@given(st.text(), st.integers(10, 60))
def test_clipping_keeps_the_beginning(text: str, limit: int) -> None:
    clipped = limits.clip(text, limit)
    assert length(clipped) <= limit
    assert clipped == text or (clipped.endswith("…") and text.startswith(clipped[:-1]))
    assert length(text) > limit or clipped == text


@given(st.text(alphabet=st.sampled_from("&<>;a😀 \n")), st.integers(10, 60))
def test_clipping_never_cuts_an_entity(text: str, limit: int) -> None:
    clipped = limits.clip_escaped(mrkdwn.escape(text), limit)
    assert length(clipped) <= limit
    check_mrkdwn(clipped)


@pytest.mark.parametrize("text", ["a`b", "`", "``", "```", "a\n```\nb", "<!here>`"])
def test_backticks_break_out_of_nothing(text: str) -> None:
    assert mrkdwn.code(text).count("`") == text.count("`")  # no span is opened around them
    assert mrkdwn.fence(text).count("```") == (1 if "```" in text else 2)
    check_mrkdwn(mrkdwn.code(text) + mrkdwn.fence(text))


@given(st.text(alphabet="漢é&<a 😀", max_size=2_500))
def test_the_text_beside_the_blocks_is_cut_by_its_bytes(text: str) -> None:
    whole = mrkdwn.escape(text)
    clipped = limits.clip_beside(whole)
    assert len(clipped.encode()) <= limits.TEXT
    assert clipped == whole or (clipped.endswith("…") and whole.startswith(clipped[:-1].rstrip()))
    assert "&" not in clipped.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def test_a_list_of_many_chinese_names_is_cut() -> None:
    assert limits.TEXT - 4 <= len(limits.clip_beside("漢" * 2_000).encode()) <= limits.TEXT
