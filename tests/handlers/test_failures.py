from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.failures import TooEarlyError, advice


def refusal(status: int, data: object, **headers: str) -> SlackApiError:
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data=data,  # type: ignore[arg-type]
        headers=headers,
        status_code=status,
    )
    return SlackApiError("refused", response)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("header", "after"), [("7", 7.0), ("0", 0.1), ("soon", 1.0), ("99999", 3600.0)])
def test_a_rate_limit_says_when_to_come_back_and_costs_no_try(header: str, after: float) -> None:
    said = advice(refusal(429, {"ok": False, "error": "ratelimited"}, **{"Retry-After": header}))
    assert (said.passes, said.after, said.counts) == (True, after, False)


@pytest.mark.parametrize(
    ("status", "data", "passes"),
    [
        (500, "Internal Server Error", True),
        (503, {}, True),
        (200, {"ok": False, "error": "internal_error"}, True),
        (200, {"ok": False, "error": "channel_not_found"}, False),
        (200, {"ok": False, "error": "invalid_auth"}, False),
    ],
)
def test_slacks_own_troubles_pass_and_its_refusals_do_not(status: int, data: object, passes: bool) -> None:
    said = advice(refusal(status, data))
    assert said.passes is passes
    assert said.counts


@pytest.mark.parametrize(
    "error", [aiohttp.ServerDisconnectedError(), TimeoutError(), ConnectionResetError(), KeyError("x")]
)
def test_networks_recover_and_bugs_get_their_tries(error: Exception) -> None:
    assert advice(error).passes
    assert advice(error).counts


def test_too_early_is_no_failure() -> None:
    assert advice(TooEarlyError(0.5)).after == 0.5
    assert not advice(TooEarlyError(0.5)).counts
