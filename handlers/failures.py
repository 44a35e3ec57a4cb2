"""Which failures pass by themselves, and when to come back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from handlers.ports.slack import NotInstalledError

# Errors by which Slack says "not now": https://docs.slack.dev/reference/methods/chat.postMessage#errors
PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    }
)


BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
"""Errors by which Slack says that it doesn't take a message's blocks."""
NOT_THERE = frozenset({"not_in_channel", "channel_not_found", "is_archived", "missing_scope", "restricted_action"})
"""Errors by which Slack says that the bot can't post in a channel."""


class TooEarlyError(Exception):
    """What was sent may still arrive: look again in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too early to tell")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Advice:
    """`passes`: worth another try. `after`: seconds until then, None for "you choose". `counts`: as a try that
    failed, of which there are only so many. `reason` is for the log and names no content."""

    passes: bool
    after: float | None
    counts: bool
    reason: str


def advice(error: BaseException) -> Advice:
    if isinstance(error, TooEarlyError):
        return Advice(passes=True, after=error.seconds, counts=False, reason="too early to tell")
    if isinstance(error, NotInstalledError):
        return Advice(passes=False, after=None, counts=True, reason="not installed there")
    if isinstance(error, SlackApiError):
        return _slack(error)
    if isinstance(error, (aiohttp.ClientError, asyncio.TimeoutError, OSError, SlackClientError)):
        return Advice(passes=True, after=None, counts=True, reason=f"network: {type(error).__name__}")
    return Advice(passes=True, after=None, counts=True, reason=type(error).__name__)


def _slack(error: SlackApiError) -> Advice:
    status = int(getattr(error.response, "status_code", 0) or getattr(error.response, "status", 0))
    name = slack_error(error)
    if status == 429 or name in ("ratelimited", "rate_limited"):
        return Advice(passes=True, after=_retry_after(error), counts=False, reason="rate limited by Slack")
    passes = status >= 500 or name in PASSING or not name
    return Advice(passes=passes, after=None, counts=True, reason=f"Slack: {name or status}")


def slack_error(error: SlackApiError) -> str:
    """Slack's name for the error; "" when the answer was not Slack's."""
    data: Any = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _retry_after(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None) or {}
    try:
        return min(max(float(headers.get("Retry-After", 1)), 0.1), 3600.0)
    except ValueError:
        return 1.0
