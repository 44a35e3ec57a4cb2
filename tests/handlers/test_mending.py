"""What is said where Slack refuses until a person mends it."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from handlers.mending import lacking, mend


class Response:
    def __init__(self, data: Any) -> None:
        self.status_code, self.headers, self.data = 200, dict[str, str](), data


def refusal(error: str, **more: Any) -> SlackApiError:
    return SlackApiError("refused", Response({"ok": False, "error": error, **more}))


@pytest.mark.parametrize(
    ("needed", "named"),
    [
        ("im:write", "im:write"),
        ("channels:history,groups:history", "channels:history"),
        ("<!channel> come", "that Slack asks for"),
        ("x" * 500, "that Slack asks for"),
        (None, "that Slack asks for"),
    ],
)
def test_the_scope_is_named_as_slack_names_it_and_nothing_else_is(needed: Any, named: str) -> None:
    error = refusal("missing_scope", needed=needed)
    assert lacking(error) == named
    assert f"the scope {named}:" in mend(error)


def test_a_sentence_says_where_and_begins_as_one() -> None:
    assert mend(refusal("is_archived"), "the on-call channel").startswith("The on-call channel is archived")
    assert "the on-call channel" in mend(refusal("not_in_channel"), "the on-call channel")


@pytest.mark.parametrize("error", [refusal("token_revoked"), refusal("internal_error"), ValueError("x")])
def test_of_what_nobody_in_slack_can_mend_nothing_is_said(error: BaseException) -> None:
    assert mend(error) == ""
