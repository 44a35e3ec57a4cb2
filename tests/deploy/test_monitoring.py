"""Alerts and the dashboard ask for metrics that exist, with labels that they have."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import promql_parser
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from bot.database.inbox import LANES
from bot.database.pages import Outlet, PageState
from bot.metrics import Metrics
from handlers.ports.inbox import Kind

DEPLOY = Path(__file__).parents[2] / "deploy"
_OF_PROMETHEUS = {"job", "instance"}
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
_VALUES = {"lane": {*LANES}, "state": {"busy", "idle", "most"}}


def known() -> dict[str, set[str]]:
    """Every series with its labels."""
    metrics = Metrics()
    found = {"up": set(_OF_PROMETHEUS)}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            [described] = metric.describe()
            for suffix in _SUFFIXES[described.type]:
                of_bucket = {"le"} if suffix == "_bucket" else set()
                found[described.name + suffix] = {*metric._labelnames, *_OF_PROMETHEUS, *of_bucket}
    for family in metrics.registry.collect():
        for sample in family.samples:
            found.setdefault(sample.name, {*sample.labels, *_OF_PROMETHEUS})
    return found


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((DEPLOY / "prometheus" / "rules.yaml").read_text())["groups"]
    return group["rules"]


def dashboard() -> dict[str, Any]:
    return json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())


def expressions() -> Iterator[Any]:
    for rule in rules():
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "1d")
            yield pytest.param(expression, id=f"{panel['title']} {target['refId']}")


def faults(expression: str) -> list[str]:
    """What the expression names that the bot doesn't have."""
    found: list[str] = []
    series, used = known(), set[str]()

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            used.update(node.modifier.labels)
        if isinstance(node, promql_parser.VectorSelector):
            labels = series.get(node.name)
            if labels is None:
                found.append(f"no metric {node.name}")
                return True
            for matcher in node.matchers.matchers:
                if matcher.name not in labels:
                    found.append(f"{node.name} has no label {matcher.name}")
                elif matcher.value not in _VALUES.get(matcher.name, {matcher.value}):
                    found.append(f"{matcher.name} is never {matcher.value}")
            offered.update(labels)
        return True

    offered: set[str] = set()
    promql_parser.walk(promql_parser.parse(expression), visit)
    return found + [f"no label {name}" for name in sorted(used - offered)]


@pytest.mark.parametrize("expression", list(expressions()))
def test_an_expression_asks_for_what_there_is(expression: str) -> None:
    assert faults(expression) == []


def test_an_expression_that_asks_for_something_else_is_found() -> None:
    assert faults("sum(rate(mailflow_answers_total[5m]))") == ["no metric mailflow_answers_total"]
    assert faults('max(mailflow_ready{lane="x"})') == ["mailflow_ready has no label lane"]
    assert faults('max(mailflow_open_deliveries{lane="x"})') == ["lane is never x"]
    assert faults("sum by (team) (mailflow_ready)") == ["no label team"]


def counted(rule: dict[str, Any]) -> list[Any]:
    """The counters whose first growth, or whose standing still, is what an alert waits for."""
    found: list[Any] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        return True

    promql_parser.walk(promql_parser.parse(rule["expr"]), visit)
    return found if re.search(r"increase\(.*(> 0|== 0)$", rule["expr"], re.MULTILINE) else []


def test_what_an_alert_counts_is_there_before_the_first_one() -> None:
    """Prometheus sees no growth in a series that appears with the value 1, and no sum over series that aren't there."""
    there = [sample for family in Metrics().registry.collect() for sample in family.samples]
    looked_at = {selector.name: selector.matchers.matchers for rule in rules() for selector in counted(rule)}
    for name, label, values in (
        ("mailflow_deliveries_received_total", "kind", get_args(Kind)),
        ("mailflow_deliveries_done_total", "kind", get_args(Kind)),
        ("mailflow_pages_total", "outlet", get_args(Outlet)),
    ):
        wanted = {each.name: each.value for each in looked_at.pop(name) if each.name != label}
        found = {
            sample.labels[label] for sample in there if sample.name == name and wanted.items() <= sample.labels.items()
        }
        assert found == {*values}
    assert not looked_at


def test_no_expression_depends_on_the_name_of_the_job() -> None:
    """Annotations, as in deploy/kubernetes, have Prometheus name it as it likes."""
    assert not [each.id for each in expressions() if "job=" in each.values[0]]


def test_an_alert_says_what_to_do() -> None:
    assert "failed" in get_args(PageState)
    seen = [rule["alert"] for rule in rules()]
    assert len(set(seen)) == len(seen)
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert rule["annotations"]["description"].endswith(".")


def test_the_dashboard_hangs_together() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    [variable] = dashboard()["templating"]["list"]
    assert {panel["datasource"]["uid"] for panel in panels} == {f"${{{variable['name']}}}"}
