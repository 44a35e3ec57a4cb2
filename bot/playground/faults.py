"""Faults that the Web API is told to show: rate limits, server errors, late answers and answers that get lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `count` calls of `method` ("*" is any).

    `status` 429 and 500 refuse the call. `error` refuses it with `{"ok": false}`. `lost_answer` performs it, then
    cuts the connection. `delay` (seconds) comes before anything else. `retry_after` is in whole seconds.
    """

    method: str
    count: int = 1
    status: int = 0
    error: str = ""
    retry_after: int = 1
    lost_answer: bool = False
    delay: float = 0.0


class FaultPlan:
    """The faults still to come, each used up by the calls that meet it."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._coming.append(fault)

    def take(self, method: str) -> Fault | None:
        for fault in self._coming:
            if fault.method in (method, "*"):
                fault.count -= 1
                if fault.count <= 0:
                    self._coming.remove(fault)
                return fault
        return None


class Limit:
    """A rate limit on one method in each channel: a call each `every` seconds, `burst` more at once after a rest."""

    def __init__(self, every: float, burst: int, clock: Callable[[], float]) -> None:
        self._every = every
        self._burst = burst
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, channel: str) -> int:
        """0 for a call that is within the limit; else Retry-After, in whole seconds."""
        now = self._clock()
        at = max(self._full_at.get(channel, 0.0), now)
        if at - now > self._burst * self._every:
            return max(math.ceil(at - now - self._burst * self._every), 1)
        self._full_at[channel] = at + self._every
        return 0
