"""What is held back and what is not: quiet hours, maintenance, levels by the hour, shifts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.oncall.events import Acknowledged, Escalate, Event, Judged, Reached, Tell
from tests.oncall.policies import MIDNIGHT, NOON, QUIET, policy
from tests.oncall.runs import ALEX, MINUTE, Run


def test_quiet_hours_hold_back_what_is_not_severe() -> None:
    run = Run(policy(QUIET), MIDNIGHT)
    run.do(Judged("major", timedelta(0), "x"))
    assert run.pages == []
    assert run.told[0].what == "held"
    run.wait(timedelta(hours=6, minutes=59))
    assert run.pages == []
    run.wait(2 * MINUTE)
    assert [(at, target) for at, target in run.pages] == [(MIDNIGHT + timedelta(hours=7), "first")]


def test_quiet_hours_begin_in_the_middle_of_an_escalation() -> None:
    run = Run(policy(QUIET), NOON.replace(hour=20, minute=55))  # 21:55 in Berlin
    run.do(Judged("major", timedelta(0), "x"))
    run.wait(timedelta(hours=9))
    assert [target for _, target in run.pages] == ["first"]
    run.wait(timedelta(minutes=6))
    assert [target for _, target in run.pages] == ["first", "both"]


@pytest.mark.parametrize("event", [Judged("critical", timedelta(0), "x"), Escalate(ALEX)])
def test_quiet_hours_yield_to_what_is_critical_and_to_people(event: Event) -> None:
    run = Run(policy(QUIET), MIDNIGHT)
    run.do(event)
    assert len(run.pages) == 1


def test_what_is_held_back_goes_out_when_it_gets_critical_or_somebody_asks() -> None:
    for event in (Judged("critical", timedelta(0), "x"), Escalate(ALEX)):
        run = Run(policy(QUIET), MIDNIGHT)
        run.do(Judged("major", timedelta(0), "x"))
        run.do(event)
        assert len(run.pages) == 1


def test_maintenance_holds_everything_back_but_people() -> None:
    window = "[[maintenance]]\nfrom = 2026-03-24T12:00:00\nto = 2026-03-24T14:00:00\n"
    run = Run(policy(window))
    run.do(Judged("critical", timedelta(0), "x"))
    assert run.told == [Tell("held", detail="maintenance", until=NOON + timedelta(hours=1))]
    run.wait(timedelta(hours=1))
    assert run.paged() == [(60, "first")]


def test_levels_may_be_for_office_hours_or_for_the_rest() -> None:
    levels = [
        {"targets": ["first"], "delay": "5m", "hours": "office"},
        {"targets": ["both"], "delay": "5m", "hours": "out-of-office"},
    ]
    rules = policy(levels=levels, office_hours=[{"from": "08:00", "to": "18:00", "days": ["mon", "tue"]}])
    for now, target in ((NOON, "first"), (MIDNIGHT, "both")):
        run = Run(rules, now)
        run.do(Escalate(ALEX))
        assert [page[1] for page in run.pages] == [target]


def test_the_next_shift_is_paged_while_nobody_has_it() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Reached(1, "first", ("U0PRIYANAI",), until=NOON + 4 * MINUTE))
    effects_before = len(run.pages)
    run.wait(4 * MINUTE)
    assert run.pages[effects_before:] == [(NOON + 4 * MINUTE, "first")]
    run.wait(6 * MINUTE)
    assert run.paged()[2:] == [(10, "both")]  # the level's own time goes on


def test_the_next_shift_hears_of_what_is_acknowledged() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Reached(1, "first", ("U0PRIYANAI",), until=NOON + 20 * MINUTE))
    run.do(Acknowledged("U0PRIYANAI"))
    run.wait(20 * MINUTE)
    run.do(Reached(2, "first", ("U0JONASWEB",), until=NOON + timedelta(days=7), hand_over=True))
    assert run.told[-1] == Tell("handed-over", ("U0JONASWEB",))
    assert run.state.phase == "acknowledged"
