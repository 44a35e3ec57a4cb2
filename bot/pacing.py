"""How fast Slack is called: one line a workspace, method and channel, pages first, edits of one message merged.

Slack takes one message a second in a channel, tolerates short bursts, and evaluates other methods by workspace, in tiers
(https://docs.slack.dev/apis/web-api/rate-limits). What it says with a 429 counts more than any of that: the line then waits as
long as it says. Short waits are spent here, in the order of the line; of longer ones the caller hears at once, so that no job
sits and waits. Each process has lines of its own: where several speak in one workspace, the 429 settles it between them.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from slack_sdk.errors import SlackApiError

PATIENCE: Final = 2.0  # seconds: longer waits are the job's
_OVERTAKEN: Final = 10.0  # seconds after which a call that others overtake goes back to its job
_KNOCK: Final = 1.0  # seconds from one page that tries a closed line to the next
_MOST_LINES: Final = 2_000

_first: ContextVar[bool] = ContextVar("first", default=False)


class OwnPaceError(SlackApiError):
    """Slack was not called, since we would be too fast. To be read as its 429, and no sign that anything is wrong."""


class HeldUpError(Exception):
    """Slack was not called: it is too early by `seconds`. `closed`: it said so itself."""

    def __init__(self, seconds: float, *, closed: bool) -> None:
        super().__init__("too early to call Slack")
        self.seconds = seconds
        self.closed = closed


@contextmanager
def first() -> Iterator[None]:
    """Calls within it go before all others of their line."""
    token = _first.set(True)
    try:
        yield
    finally:
        _first.reset(token)


@dataclass(frozen=True, slots=True)
class Rate:
    """One call each `every` seconds in the long run (0: as fast as anybody likes), `burst` at once after a rest."""

    every: float = 0.0
    burst: int = 1
    by_channel: bool = False
    patience: float = PATIENCE


RATES: Final[Mapping[str, Rate]] = {
    "chat.postMessage": Rate(1.0, burst=4, by_channel=True),  # one a second in a channel, short bursts more
    "chat.update": Rate(1.2, burst=25),  # tier 3: 50 and more a minute, sporadic bursts are welcome
    "views.open": Rate(patience=0.5),  # its trigger is good for three seconds
}
_ANY: Final = Rate()


class Line:
    """The calls of one kind that wait for their turn. `clock` is monotonic, in seconds."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._full_at = 0.0  # when all of the burst is there again
        self._closed_until = 0.0
        self._promised = [0.0, 0.0]  # until when turns were promised to calls that were sent away, by rank
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = 0
        self._knocked = -_KNOCK
        self._timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        return not self._waiting and max(self._full_at, self._closed_until, *self._promised) <= self._clock()

    @property
    def patience(self) -> float:
        """Seconds that a call may wait here."""
        return self._rate.patience

    async def turn(self, number: int = 0) -> int:
        """Returns when the caller may call: with the number to come back with when Slack says "not yet".

        Raises HeldUpError when that would take longer than the rate's patience.
        """
        rank = 0 if _first.get() else 1
        if rank == 0 and self._may_knock():
            return number or self._number()
        if not number:
            self._refuse_latecomers(rank)
            number = self._number()
        place = (rank, number, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, place)
        self._call_up()
        try:
            async with asyncio.timeout(_OVERTAKEN):
                await place[2]
        except TimeoutError:
            raise HeldUpError(self._rate.every, closed=False) from None
        except asyncio.CancelledError:
            self._give_back(place[2])
            raise
        return place[1]

    def close(self, seconds: float) -> None:
        """Slack takes no more for `seconds`, and one at a time after that. Who would wait too long for it hears so."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)
        self._full_at = max(self._full_at, self._closed_until + self._tolerance)
        if (left := self._closed_until - self._clock()) > self._rate.patience:
            for _, _, turn in self._waiting:
                if not turn.done():
                    turn.set_exception(HeldUpError(left, closed=True))
        self._call_up()

    @property
    def _tolerance(self) -> float:
        return (self._rate.burst - 1) * self._rate.every

    def _opens_in(self) -> float:
        return max(self._closed_until, self._full_at - self._tolerance) - self._clock()

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _may_knock(self) -> bool:
        """Whether a page tries a line that is closed for long: once a second one may. One refusal more does less harm than a
        page that didn't go out."""
        now = self._clock()
        if self._closed_until - now <= self._rate.patience or now < self._knocked + _KNOCK:
            return False
        self._knocked = now
        return True

    def _refuse_latecomers(self, rank: int) -> None:
        now = self._clock()
        if self._closed_until - now > self._rate.patience:
            raise HeldUpError(self._closed_until - now, closed=True)
        ahead = sum(1 for place in self._waiting if place[0] <= rank and not place[2].done())
        wait = max(self._opens_in(), 0.0) + ahead * self._rate.every
        if wait > self._rate.patience:  # each is told another time, so that they don't come back all at once
            self._promised[rank] = max(self._promised[rank] + self._rate.every, now + wait)
            raise HeldUpError(self._promised[rank] - now, closed=False)

    def _call_up(self) -> None:
        """Whoever is first gets their turn when the line is open; a timer comes back for the next."""
        while self._waiting and (self._waiting[0][2].done() or self._opens_in() <= 0):
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                self._full_at = max(self._full_at, self._clock()) + self._rate.every
                turn.set_result(None)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(max(self._opens_in(), 0.0), self._call_up)

    def _give_back(self, turn: asyncio.Future[None]) -> None:
        """Whoever leaves at the moment of their turn doesn't take it along."""
        if not turn.cancelled() and turn.exception() is None:
            self._full_at -= self._rate.every
        self._call_up()


@dataclass(eq=False, slots=True)
class _Edit:
    """An edit that waits for its turn: what each of its callers wants the message to show, the newest last."""

    wanted: list[Any] = field(default_factory=list)
    task: asyncio.Task[Any] | None = None


class Pacing:
    """The lines of a process. The token that speaks in a workspace stands for it."""

    def __init__(self, rates: Mapping[str, Rate] = RATES, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._lines: dict[tuple[str, str, str], Line] = {}
        self._edits: dict[tuple[str, str, str], _Edit] = {}

    def line(self, workspace: str, method: str, channel: str) -> Line:
        rate = self._rates.get(method, _ANY)
        key = (workspace, method, channel if rate.by_channel else "")
        if key not in self._lines:
            if len(self._lines) >= _MOST_LINES:
                self._lines = {at: line for at, line in self._lines.items() if not line.idle}
            self._lines[key] = Line(rate, self._clock)
        return self._lines[key]

    async def merged(
        self, message: tuple[str, str, str], wanted: Any, send: Callable[[Callable[[], Any]], Awaitable[Any]]
    ) -> Any:
        """Edits a message (workspace, channel, ts) once for all who want to while the edit waits for its turn. All of them get
        what came of it.

        `send` gets a function that says what to show; it is called when the turn has come.
        """
        edit = self._edits.get(message)
        if edit is None:
            edit = self._edits[message] = _Edit()
            edit.task = asyncio.create_task(self._sent(message, edit, send))
        assert edit.task is not None
        edit.wanted.append(wanted)
        try:
            return await asyncio.shield(edit.task)
        finally:
            edit.wanted = [each for each in edit.wanted if each is not wanted]
            if not edit.wanted:
                edit.task.cancel()

    async def _sent(
        self, message: tuple[str, str, str], edit: _Edit, send: Callable[[Callable[[], Any]], Awaitable[Any]]
    ) -> Any:
        def leave() -> None:
            if self._edits.get(message) is edit:
                del self._edits[message]

        def newest() -> Any:
            leave()  # whoever comes from now on comes too late for this one
            return edit.wanted[-1]

        try:
            return await send(newest)
        finally:
            leave()
