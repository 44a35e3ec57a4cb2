"""One place that is told what happens, and makes log ids, metrics and spans of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from slack_sdk.errors import SlackApiError

from bot import logs
from bot.metrics import Metrics
from bot.tracing import NoTracing, Tracing
from handlers.failures import advice
from handlers.telemetry import told_to

if TYPE_CHECKING:
    from asyncpg import Record  # type: ignore[import-untyped]  # it ships no type information

    from diagnostics.checks import Attempt, CheckReport
    from diagnostics.report import Report
    from handlers.ports.feedback import Vote

logger = logging.getLogger(__name__)

_LONGEST_QUERY: Final = 400


@dataclass
class _Work:
    """A delivery in hand. `began` is when it arrived, by the monotonic clock."""

    began: float
    report: Report | None = None

    def seconds(self) -> float:
        return max(time.monotonic() - self.began, 0.0)


_work: ContextVar[_Work | None] = ContextVar("work", default=None)


class Telemetry:
    """handlers.ports.telemetry.Telemetry, and what the bot itself tells."""

    def __init__(self, metrics: Metrics | None = None, tracing: Tracing | None = None) -> None:
        self.metrics = metrics or Metrics()
        self.tracing: Tracing = tracing or NoTracing()

    # -- a delivery -----------------------------------------------------------------------------------

    @contextmanager
    def arrival(self, delivery: UUID, kind: str) -> Iterator[Callable[[bool], None]]:
        """Around the storing of a delivery; to be told whether it was new. One that comes out of another says so."""
        origin = {"part_of": parent} if (parent := logs.ids().get("delivery")) else {}
        attributes = {"mailflow.kind": kind, **{f"mailflow.{name}": value for name, value in origin.items()}}
        with logs.about(str(delivery)), self.tracing.first(delivery, "receive", **attributes) as note:

            def stored(new: bool) -> None:
                outcome = "stored" if new else "duplicate"
                note("mailflow.outcome", outcome)
                self.metrics.received(kind, new=new)
                logger.log(logging.INFO if new else logging.DEBUG, outcome, extra={"kind": kind, **origin})

            yield stored

    @contextmanager
    def delivery(self, delivery: UUID, kind: str, age: float) -> Iterator[Callable[[str], None]]:
        """Around the work on a delivery that arrived `age` seconds ago; to be told what came of it once that is recorded."""
        work = _Work(time.monotonic() - age)
        token = _work.set(work)
        try:
            with (
                told_to(self),
                logs.about(str(delivery)),
                self.tracing.resumed(delivery, "deal with", **{"mailflow.kind": kind}) as note,
            ):

                def done(outcome: str) -> None:
                    note("mailflow.outcome", outcome)
                    self.metrics.done(kind, outcome, work.seconds(), work.report)

                yield done
        finally:
            _work.reset(token)

    @contextmanager
    def diagnosing(self) -> Iterator[None]:
        began = time.monotonic()
        with self.tracing.span("diagnose"):
            yield
        self.metrics.diagnosed(time.monotonic() - began)

    def concluded(self, report: Report) -> None:
        if work := _work.get():
            work.report = report

    def answered(self, part: str) -> None:
        """Slack has a part of the answer, for the first time."""
        if work := _work.get():
            self.metrics.answered(part, work.seconds())

    def voted(self, vote: Vote) -> None:
        said = "resolved" if vote.resolution else "right" if vote.right else "wrong"
        self.metrics.voted(said, vote.cause if vote.resolution else vote.shown)

    # -- what it takes --------------------------------------------------------------------------------

    @contextmanager
    def slack_call(self, method: str) -> Iterator[Callable[[str], None]]:
        """Around a call of Slack's. What it raises says what came of it; a refusal that raises nothing has to be told."""
        began, outcome, wait = time.monotonic(), "ok", 0.0

        def told(what: str) -> None:
            nonlocal outcome
            outcome = what

        with self.tracing.span(f"slack {method}") as note:
            try:
                yield told
            except BaseException as error:
                outcome, wait = _refusal(error)
                raise
            finally:
                seconds = time.monotonic() - began
                self.metrics.called_slack(method, outcome, seconds, wait)
                note("mailflow.outcome", outcome)
                said = {"method": method, "outcome": outcome, "ms": round(seconds * 1000, 1)}
                logger.log(logging.DEBUG if outcome == "ok" else logging.INFO, "Slack was called", extra=said)

    @contextmanager
    def check(self) -> Iterator[Callable[[CheckReport], None]]:
        """Around a check; to be told its report."""
        began = time.monotonic()
        with self.tracing.span("check") as note:

            def done(report: CheckReport) -> None:
                note("mailflow.verdict", report.verdict)
                self.metrics.checked(report.verdict, time.monotonic() - began)

            yield done

    def looked(self, attempt: Attempt) -> None:
        """One look of a check. What it looked at stays out of the trace."""
        self.tracing.past(f"look {attempt.check}", attempt.ms / 1000, **{"mailflow.status": attempt.status})

    def queried(self, query: Record) -> None:
        """A statement of ours, as asyncpg logs it: SQL without its values."""
        text = " ".join(query.query.split())
        name = f"postgresql {text.split(' ', 1)[0].lower()}"
        self.tracing.past(
            name, query.elapsed, **{"db.system.name": "postgresql", "db.query.text": text[:_LONGEST_QUERY]}
        )

    @contextmanager
    def page(self, outlet: str, escalation: UUID, delivery: str) -> Iterator[None]:
        """Around one try to get a page out; `delivery` is the one that it comes from, "" where a timer fired."""
        name, attributes = f"page {outlet}", {"mailflow.escalation": str(escalation)}
        span = self.tracing.resumed(UUID(delivery), name, **attributes) if delivery else None
        with told_to(self), logs.about(delivery), span or self.tracing.span(name, **attributes):
            yield


def _refusal(error: BaseException) -> tuple[str, float]:
    """What came of a call that raised, and for how many seconds Slack told us to wait."""
    if not isinstance(error, SlackApiError):
        return "failed", 0.0
    what = advice(error)
    if not what.counts:
        return "rate_limited", what.after or 0.0
    return ("failed" if what.passes else "refused"), 0.0
