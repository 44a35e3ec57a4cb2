"""What a bot counts and times, for Prometheus. Each bot has a registry of its own.

No label holds anything of a person, a host, a message, or a word that somebody else chose: every label has a known set of
values, and what is not in it counts as "other".
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

import asyncpg  # type: ignore[import-untyped]  # it ships no type information
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase

from bot.database.pages import Outlet, PageState
from bot.database.statistics import Statistics
from diagnostics.cause import catalogue
from diagnostics.checks.model import CheckVerdict
from diagnostics.report import Report
from handlers.ports.cases import Part
from handlers.ports.inbox import Kind

OTHER: Final = "other"
NONE: Final = "none"
_MOST_NAMES: Final = 60
# Seconds. An answer is due within a few; a check takes up to 20, a large log minutes.
_ANSWER: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300)
_CALL: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Names:
    """Names out of our own code, of which there are few. Should they ever be many, the later ones are "other"."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, name: str) -> str:
        if name not in self._seen and len(self._seen) >= _MOST_NAMES:
            return OTHER
        self._seen.add(name)
        return name


def _known(value: str, among: Collection[str]) -> str:
    return value if value in among else OTHER


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._outcomes, self._methods = Names(), Names()
        ProcessCollector(registry=self.registry)
        self._make_flow()
        self._make_judgements()
        self._make_calls()
        self._make_state()
        self._make_incidents()
        self._begin()

    def _make_flow(self) -> None:
        r = self.registry
        self._received = Counter(
            "mailflow_deliveries_received",
            "What Slack delivered: stored now, or a duplicate of what was stored before.",
            ["kind", "outcome"],
            registry=r,
        )
        self._done = Counter(
            "mailflow_deliveries_done", "Deliveries dealt with, and what came of them.", ["kind", "outcome"], registry=r
        )
        self._delivery_seconds = Histogram(
            "mailflow_delivery_seconds",
            "From the arrival of a delivery until it was dealt with.",
            ["kind"],
            registry=r,
            buckets=_ANSWER,
        )
        self._answer_seconds = Histogram(
            "mailflow_answer_seconds",
            "From the arrival of a delivery until Slack had the answer; of a check or a log, its first message.",
            ["part"],
            registry=r,
            buckets=_ANSWER,
        )

    def _make_judgements(self) -> None:
        r = self.registry
        self._diagnosis_seconds = Histogram(
            "mailflow_diagnosis_seconds", "One diagnosis of a case, or of one paste.", registry=r, buckets=_CALL
        )
        self._reports = Counter(
            "mailflow_reports",
            "Judgements that were answered with, by verdict and by the belief of the leading finding.",
            ["verdict", "belief"],
            registry=r,
        )
        self._causes = Counter(
            "mailflow_leading_causes", "Causes that led a judgement.", ["cause", "belief"], registry=r
        )

        self._feedback = Counter(
            "mailflow_feedback",
            "What people said of answers: right, wrong (the cause that was shown), or resolved (the cause that it was).",
            ["said", "cause"],
            registry=r,
        )

    def _make_calls(self) -> None:
        r = self.registry
        self._slack_seconds = Histogram(
            "mailflow_slack_call_seconds",
            "Calls of Slack's Web API: ok, refused, rate_limited (429) or failed.",
            ["method", "outcome"],
            registry=r,
            buckets=_CALL,
        )
        self._slack_wait = Counter(
            "mailflow_slack_wait_seconds", "Seconds that Slack told us to wait (Retry-After).", ["method"], registry=r
        )
        self._check_seconds = Histogram(
            "mailflow_check_seconds", "Checks of a host or a domain.", ["verdict"], registry=r, buckets=_ANSWER
        )
        self._pages = Counter(
            "mailflow_pages", "What on-call got out, or could not.", ["outlet", "outcome"], registry=r
        )

    def _make_state(self) -> None:
        r = self.registry
        self._ready = Gauge("mailflow_ready", "1 when /readyz says ready.", registry=r)
        self._database_up = Gauge("mailflow_database_up", "1 when the database answers.", registry=r)
        self._open = Gauge(
            "mailflow_open_deliveries",
            "Deliveries that are not dealt with yet, in the database: the same for every replica.",
            ["lane"],
            registry=r,
        )
        self._lag = Gauge(
            "mailflow_job_lag_seconds",
            "How long the oldest delivery that is due has waited, in the database: the same for every replica.",
            ["lane"],
            registry=r,
        )
        self._connections = Gauge(
            "mailflow_database_connections", "Connections of the pool: busy, idle, most.", ["state"], registry=r
        )
        build = Gauge("mailflow_build_info", "Always 1.", ["version", "python"], registry=r)
        build.labels(importlib.metadata.version("mailflow"), platform.python_version()).set(1)

    def _make_incidents(self) -> None:
        said = "of those reported in the last 30 days, in the database: the same for every replica."
        r = self.registry
        self._incidents = Gauge("mailflow_incidents", f"Incidents by state, {said}", ["state"], registry=r)
        self._incident_seconds = Gauge(
            "mailflow_incident_mean_seconds",
            f"From the report until the first answer, until somebody had it, until it was resolved; {said}",
            ["until"],
            registry=r,
        )
        self._incident_causes = Gauge(
            "mailflow_incident_causes", f"Incidents by the cause that is blamed, {said}", ["cause"], registry=r
        )

    def _begin(self) -> None:
        """Makes the series that alerts wait for: one that is first seen with the value 1 has grown by nothing."""
        for kind in get_args(Kind):
            self._received.labels(kind, "stored")
            self._done.labels(kind, self._outcomes("failed"))
        for outlet in get_args(Outlet):
            self._pages.labels(outlet, "failed")

    # -- what happens ---------------------------------------------------------------------------------

    def received(self, kind: str, *, new: bool) -> None:
        self._received.labels(_known(kind, get_args(Kind)), "stored" if new else "duplicate").inc()

    def done(self, kind: str, outcome: str, seconds: float, report: Report | None = None) -> None:
        """`outcome` as the log has it; of "failed: why" only the first word counts. `report` is what was answered with."""
        kind = _known(kind, get_args(Kind))
        self._done.labels(kind, self._outcomes(outcome.partition(":")[0])).inc()
        self._delivery_seconds.labels(kind).observe(seconds)
        if report is not None:
            self._reported(report)

    def _reported(self, report: Report) -> None:
        top = report.findings[0] if report.findings else None
        self._reports.labels(report.verdict, top.belief if top else NONE).inc()
        if top:
            self._causes.labels(_known(top.cause, catalogue()), top.belief).inc()

    def answered(self, part: str, seconds: float) -> None:
        self._answer_seconds.labels(_known(part, get_args(Part))).observe(seconds)

    def voted(self, said: str, cause: str) -> None:
        self._feedback.labels(said, _known(cause, catalogue())).inc()

    def diagnosed(self, seconds: float) -> None:
        self._diagnosis_seconds.observe(seconds)

    def called_slack(self, method: str, outcome: str, seconds: float, wait: float = 0.0) -> None:
        """`wait` is what Slack told us to wait, in seconds."""
        method = self._methods(method)
        self._slack_seconds.labels(method, outcome).observe(seconds)
        if wait:
            self._slack_wait.labels(method).inc(wait)

    def checked(self, verdict: str, seconds: float) -> None:
        self._check_seconds.labels(_known(verdict, get_args(CheckVerdict))).observe(seconds)

    def paged(self, outlet: str, outcome: str) -> None:
        self._pages.labels(_known(outlet, get_args(Outlet)), _known(outcome, get_args(PageState))).inc()

    # -- how things stand -----------------------------------------------------------------------------

    def stand(self, *, ready: bool, lanes: Mapping[str, Any] | None, pool: asyncpg.Pool) -> None:
        """`lanes` as Inbox.waiting has them; None when the database doesn't say: then nothing is told of them."""
        self._ready.set(ready)
        self._database_up.set(lanes is not None)
        self._open.clear()
        self._lag.clear()
        for lane, waiting in (lanes or {}).items():
            self._open.labels(lane).set(waiting.count)
            self._lag.labels(lane).set(waiting.lag)
        size, idle = pool.get_size(), pool.get_idle_size()
        for state, count in (("busy", size - idle), ("idle", idle), ("most", pool.get_max_size())):
            self._connections.labels(state).set(count)

    def tell(self, found: Statistics | None) -> None:
        """What became of incidents; None when the database doesn't say: then nothing is told of them."""
        for gauge in (self._incidents, self._incident_seconds, self._incident_causes):
            gauge.clear()
        if found is None:
            return
        self._incidents.labels("open").set(found.incidents - found.resolved)
        self._incidents.labels("resolved").set(found.resolved)
        means = {"answered": found.to_answer, "acknowledged": found.to_acknowledge, "resolved": found.to_resolve}
        for until, times in means.items():
            if times.mean is not None:
                self._incident_seconds.labels(until).set(times.mean)
        for cause, count in found.causes:
            self._incident_causes.labels(_known(cause, catalogue())).inc(count)

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """The exposition and its content type, in the format that the header `Accept` asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def as_markdown(self) -> str:
        """The table of our metrics, for docs/operations.md."""
        rows = ["| Metric | Kind | Labels | Meaning |", "|---|---|---|---|"]
        for metric in vars(self).values():
            if isinstance(metric, MetricWrapperBase):
                [described] = metric.describe()
                name = described.name + ("_total" if described.type == "counter" else "")
                labels = ", ".join(f"`{label}`" for label in metric._labelnames)
                rows.append(f"| `{name}` | {described.type} | {labels} | {described.documentation} |")
        return "\n".join(rows) + "\n"
