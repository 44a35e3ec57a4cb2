"""How long the workspace waits, in seconds. The defaults are Slack's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Slack's clocks, in seconds: https://docs.slack.dev/apis/events-api#retries

    `retry_delays` holds the pause before each redelivery of an event that was not acknowledged. `trigger` is how
    long a `trigger_id` opens a modal, `response_url` how long a `response_url` accepts answers.
    """

    acknowledge: float = 3.0
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    trigger: float = 3.0
    response_url: float = 1800.0
