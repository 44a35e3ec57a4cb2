"""The operator's rules on real reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.oncall.policy import Rule
from bot.oncall.severity import assess
from diagnostics import Report, diagnose
from tests.bot.pastes import CURED, FAILING

NOBODY = lambda _within: 0  # noqa: E731 - a stand-in of one expression
QUEUE = """Identity          DeliveryType            Status MessageCount Velocity RiskLevel OutboundIPPool NextHopDomain
--------          ------------            ------ ------------ -------- --------- -------------- -------------
EX01\\12           DnsConnectorDelivery    Retry  {count}           0        Normal    0              contoso.com
"""
BLOCK = """Identity       : EX01\\12
DeliveryType   : DnsConnectorDelivery
NextHopDomain  : contoso.com
Status         : Retry
MessageCount   : {count}
"""


def rule(when: str, **more: Any) -> Rule:
    return Rule.model_validate({"when": when, **more})


def report(text: str, *followups: str) -> Report:
    return diagnose(text, followups=followups)


def log(sessions: int, *, cured: int = 0) -> str:
    """One send log with so many failed sessions of a connector, and so many that delivered."""
    lines = FAILING.split("\n")
    head, rows = [row for row in lines if row.startswith("#")], [row for row in lines if not row.startswith("#")]
    healthy = [row for row in CURED.split("\n") if not row.startswith("#")]
    each = [row.replace("08DE2A6B91C0F412", f"08DE2A6B91C0F{number:03}") for number in range(sessions) for row in rows]
    more = [row.replace("08DE", "08DF") for _ in range(cured) for row in healthy]
    return "\n".join([*head, *each, *more])


def test_a_connector_is_out_when_every_session_of_its_log_failed() -> None:
    rules = [rule("connector-outage", severity="critical", at_least=3)]
    found = assess(rules, report(log(4)), NOBODY)
    assert found
    assert found.severity == "critical"
    assert found.reason == "every session of a connector failed (4 of 4)"
    assert assess(rules, report(log(2)), NOBODY) is None
    assert assess(rules, report(log(4, cured=1)), NOBODY) is None


@pytest.mark.parametrize("text", [QUEUE, BLOCK])
def test_a_queue_grows_when_a_later_listing_holds_more(text: str) -> None:
    rules = [rule("growing-queue", at_least=100)]
    first, more, few = (text.format(count=count) for count in (90, 120, 95))
    found = assess(rules, report(FAILING, first, more), NOBODY)
    assert found
    assert found.reason == "a queue grew from 90 to 120 messages"
    assert assess(rules, report(FAILING, more, first), NOBODY) is None
    assert assess(rules, report(FAILING, first, few), NOBODY) is None
    assert assess(rules, report(FAILING, more), NOBODY) is None


def test_people_are_counted_within_the_rules_time() -> None:
    asked: list[timedelta] = []

    def reporters(within: timedelta) -> int:
        asked.append(within)
        return 4

    assert assess([rule("many-reporters", at_least=5, within="30m")], report(FAILING), reporters) is None
    assert assess([rule("many-reporters", at_least=4, within="30m")], report(FAILING), reporters)
    assert asked == [timedelta(minutes=30)] * 2


def test_an_unknown_cause_is_told_from_a_known_one() -> None:
    rules = [rule("unknown-cause")]
    unknown = Report(verdict="unknown", summary="a failure is visible")
    assert assess(rules, unknown, NOBODY)
    assert assess(rules, report(FAILING), NOBODY) is None


def test_the_worst_severity_and_the_shortest_wait_count() -> None:
    rules = [rule("any-failure", severity="minor", after="10m"), rule("connector-outage", severity="major", after="1h")]
    found = assess(rules, report(log(3)), NOBODY)
    assert found
    assert (found.severity, found.after, found.reason) == (
        "major",
        timedelta(minutes=10),
        "nobody has acknowledged it",
    )


def test_what_is_healthy_or_nothing_is_never_escalated() -> None:
    rules = [rule("any-failure"), rule("many-reporters", at_least=1)]
    for text in (CURED, "good morning"):
        assert assess(rules, report(text), lambda _within: 9) is None


def test_a_reason_names_nothing_that_was_pasted() -> None:
    for text in (FAILING, log(3)):
        found = assess([rule("any-failure"), rule("connector-outage", at_least=1)], report(text), NOBODY)
        assert found
        assert "Outbound" not in found.reason
