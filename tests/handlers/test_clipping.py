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
