"""Escalation as a pure function: levels, rounds, quiet hours, acknowledgement, re-arming, shifts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.oncall.events import (
    Acknowledged,
    Arm,
    Disarm,
    Drop,
    Effect,
    Escalate,
    Event,
    Fired,
    Judged,
    Moved,
    Page,
    Reached,
    Reported,
    Resolved,
    State,
    Sync,
    Tell,
    Timer,
    Unreached,
)
from bot.oncall.machine import advance
from bot.oncall.policy import NOBODY, Policy
from tests.oncall.policies import MIDNIGHT, NOON, QUIET, policy

MINUTE = timedelta(minutes=1)
POLICY = policy()
ALEX, SAM = "U0ALEXRIVE", "U0SAMOKAFO"


class Run:
    """One escalation through time: timers fire when they are due, oldest first."""

    def __init__(self, rules: Policy = POLICY, now: datetime = NOON) -> None:
        self.policy, self.now, self.state = rules, now, State()
        self.timers: dict[Timer, datetime] = {}
        self.pages: list[tuple[datetime, str]] = []
        self.told: list[Tell] = []
        self.synced: list[Sync] = []

    def do(self, event: Event) -> tuple[Effect, ...]:
        self.state, effects = advance(self.policy, self.state, event, self.now)
        for effect in effects:
            if isinstance(effect, Arm):
                self.timers[effect.timer] = effect.due
            elif isinstance(effect, Disarm):
                self.timers.pop(effect.timer, None)
            elif isinstance(effect, Page):
                self.pages.append((self.now, effect.target))
            elif isinstance(effect, Tell):
                self.told.append(effect)
            elif isinstance(effect, Sync):
                self.synced.append(effect)
        return effects

    def wait(self, time: timedelta) -> None:
        until = self.now + time
        while self.timers and min(self.timers.values()) <= until:
            timer = min(self.timers, key=lambda name: self.timers[name])
            self.now = max(self.now, self.timers.pop(timer))
            self.do(Fired(timer))
        self.now = until

    def paged(self) -> list[tuple[int, str]]:
        """Minutes since the start, and target."""
        return [(round((at - NOON) / MINUTE), target) for at, target in self.pages]

    def said(self) -> list[str]:
        return [tell.what for tell in self.told]


def test_levels_follow_each_other_round_by_round_until_all_are_through() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.wait(35 * MINUTE)
    assert run.paged() == [(0, "first"), (10, "both"), (15, "first"), (25, "both")]
    assert run.said() == ["exhausted"]
    run.wait(30 * MINUTE)
    assert run.paged()[4:] == [(60, "first")]  # it never forgets


def test_an_acknowledgement_ends_the_paging() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.wait(3 * MINUTE)
    effects = run.do(Acknowledged(SAM))
    assert Drop() in effects
    assert run.synced == [Sync("acknowledge", SAM)]
    run.wait(29 * MINUTE)
    assert run.paged() == [(0, "first")]


def test_it_is_armed_again_when_nothing_moves_after_the_acknowledgement() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Acknowledged(SAM))
    run.wait(20 * MINUTE)
    run.do(Moved())
    run.wait(29 * MINUTE)
    assert run.paged() == [(0, "first")]
    run.wait(2 * MINUTE)
    assert run.paged() == [(0, "first"), (50, "first")]
    assert run.told[-1] == Tell("rearmed", (SAM,))


def test_who_cannot_be_reached_is_followed_by_the_next_target_at_once() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Unreached(1, "nobody is on call there"))
    run.do(Unreached(2, "Slack: user_not_found"))
    assert run.paged() == [(0, "first"), (0, "backup"), (0, "both")]
    run.do(Unreached(3, "Slack: user_not_found"))
    assert run.paged()[3:] == []  # the next round waits, or it would never end
    assert run.said() == ["unreached"] * 3
    run.wait(5 * MINUTE)
    assert run.paged()[3:] == [(5, "first")]


def test_what_comes_late_of_an_earlier_attempt_changes_nothing() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Unreached(1, "x"))
    before = run.state
    assert run.do(Unreached(1, "x")) == ()
    assert run.do(Reached(1, "first", (SAM,))) == ()
    assert run.state == before


def test_asking_twice_pages_once_and_asking_later_pages_the_next_level() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.now += timedelta(seconds=20)
    run.do(Escalate(SAM))
    assert run.paged() == [(0, "first")]
    assert run.state.askers == (ALEX, SAM)
    run.now += MINUTE
    run.do(Escalate(ALEX))
    run.now += 2 * MINUTE
    run.do(Escalate(ALEX))
    assert [target for _, target in run.paged()] == ["first", "both", "first"]


def test_somebody_may_ask_for_more_after_an_acknowledgement() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Acknowledged(SAM))
    run.do(Escalate(SAM))
    assert run.paged() == [(0, "first"), (0, "both")]
    assert run.state.phase == "paging"


def test_a_rule_gives_time_to_acknowledge_first() -> None:
    run = Run()
    run.do(Judged("major", 15 * MINUTE, "nobody has acknowledged it", "dns.null-mx"))
    run.wait(10 * MINUTE)
    run.do(Judged("major", 15 * MINUTE, "nobody has acknowledged it", "dns.null-mx"))  # more of the same: no delay
    run.wait(4 * MINUTE)
    assert run.paged() == []
    run.wait(MINUTE)
    assert run.paged() == [(15, "first")]


def test_who_acknowledges_in_time_is_left_alone() -> None:
    run = Run()
    run.do(Judged("major", 15 * MINUTE, "x"))
    run.do(Acknowledged(SAM))
    run.wait(29 * MINUTE)
    assert run.paged() == []


def test_a_case_that_turns_out_healthy_is_not_escalated() -> None:
    run = Run()
    run.do(Judged("major", 15 * MINUTE, "x"))
    run.do(Judged())
    run.wait(60 * MINUTE)
    assert (run.paged(), run.state.phase) == ([], "idle")


def test_a_worse_severity_shortens_the_wait() -> None:
    run = Run()
    run.do(Judged("minor", 60 * MINUTE, "x"))
    run.do(Judged("critical", timedelta(0), "a queue grew"))
    assert run.paged() == [(0, "first")]
    assert run.state.severity == "critical"


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


def test_a_page_that_arrives_after_the_acknowledgement_is_not_told() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Acknowledged(SAM))
    run.do(Reached(1, "first", ("U0PRIYANAI",)))
    assert run.said() == ["acknowledged"]


def test_an_old_acknowledgement_does_not_silence_a_new_page() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Acknowledged(SAM))
    run.wait(31 * MINUTE)
    run.do(Acknowledged("Priya", at=NOON + MINUTE, via="pagerduty"))
    assert run.state.phase == "paging"
    run.do(Acknowledged("Priya", at=run.now - MINUTE, via="pagerduty"))  # their clock is a minute behind
    assert run.state.phase == "acknowledged"


def test_somebody_else_may_take_over() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Acknowledged(SAM))
    assert [effect for effect in run.do(Acknowledged(SAM)) if not isinstance(effect, Arm)] == []
    run.do(Acknowledged(ALEX))
    assert run.told[-1] == Tell("taken-over", (ALEX, SAM))


def test_resolved_is_the_end_until_a_person_opens_it_again() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.do(Resolved(SAM))
    run.do(Judged("critical", timedelta(0), "x"))
    assert run.timers == {}
    run.wait(timedelta(days=1))
    assert run.paged() == [(0, "first")]
    run.do(Escalate(ALEX))
    assert run.state.incident == 2
    assert len(run.pages) == 2


def test_a_failure_that_nobody_is_paged_for_is_taken_and_resolved_without_any_timer() -> None:
    run = Run()
    run.do(Acknowledged(SAM))
    assert run.state == State()  # nothing was reported
    run.do(Reported(ALEX))
    run.do(Judged())
    run.do(Acknowledged(SAM))
    assert (run.state.phase, run.state.holder, run.state.since) == ("acknowledged", SAM, NOON)
    run.wait(timedelta(days=1))
    run.do(Moved())
    assert (run.timers, run.paged()) == ({}, [])
    run.do(Resolved(SAM, cause="dns.null-mx"))
    assert run.state.resolution == "dns.null-mx"
    assert run.state.opened == NOON
    assert run.said() == ["acknowledged", "resolved"]


def test_a_rule_that_strikes_later_is_followed_up() -> None:
    run = Run()
    run.do(Reported(ALEX))
    run.do(Acknowledged(SAM))
    run.do(Judged("critical", timedelta(0), "x"))
    run.wait(31 * MINUTE)
    assert run.paged() == [(30, "first")]


def test_new_evidence_opens_a_resolved_case_again_and_what_is_merely_judged_again_does_not() -> None:
    run = Run()
    run.do(Reported(ALEX, fresh=True))
    run.do(Resolved(SAM, cause="dns.null-mx"))
    run.do(Reported(ALEX))
    assert run.state.phase == "resolved"
    run.wait(MINUTE)
    run.do(Reported(ALEX, fresh=True))
    assert (run.state.phase, run.state.reopened, run.state.opened) == ("idle", ALEX, NOON + MINUTE)
    assert (run.state.holder, run.state.resolution, run.paged()) == ("", "", [])
    run.do(Judged("major", timedelta(0), "x"))
    assert run.paged() == [(1, "first")]


def test_without_an_on_call_file_nothing_is_ever_paged_whatever_was_left_of_one() -> None:
    run = Run()
    run.do(Escalate(ALEX))
    run.policy = NOBODY
    run.wait(timedelta(days=1))
    assert run.paged() == [(0, "first")]
    run.do(Acknowledged(SAM))
    run.do(Resolved(SAM))
    assert run.timers == {}


_events = st.one_of(
    st.builds(Reported, st.sampled_from([ALEX, SAM]), st.booleans()),
    st.builds(Escalate, st.sampled_from([ALEX, SAM])),
    st.builds(Acknowledged, st.sampled_from([ALEX, SAM])),
    st.builds(Resolved, st.just(SAM)),
    st.just(Moved()),
    st.builds(
        Judged,
        st.sampled_from(["minor", "major", "critical"]),
        st.sampled_from([None, timedelta(0), 7 * MINUTE]),
        st.just("x"),
        st.just("c"),
    ),
    st.builds(Unreached, st.integers(1, 12), st.just("x")),
    st.builds(
        Reached,
        st.integers(1, 12),
        st.just("first"),
        st.just((SAM,)),
        st.one_of(
            st.none(), st.datetimes(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + timedelta(days=1))
        ).map(lambda at: at and at.replace(tzinfo=NOON.tzinfo)),
        st.booleans(),
    ),
    st.integers(0, 90).map(lambda minutes: minutes * MINUTE),
)
_NEEDED: dict[str, Timer] = {"watching": "watch", "paging": "level", "acknowledged": "idle"}
_BY_MACHINE = (Fired, Judged)


@given(st.lists(_events, max_size=30), st.sampled_from([NOON, MIDNIGHT]))
def test_what_is_open_always_has_a_timer_and_what_is_not_has_none(
    events: list[Event | timedelta], start: datetime
) -> None:
    run = Run(policy(QUIET), start)
    for event in events:
        if isinstance(event, timedelta):
            run.wait(event)
        else:
            run.do(event)
        needed = _NEEDED.get(run.state.phase)
        if needed and run.state.followed:
            assert needed in run.timers
            assert set(run.timers) <= {needed, "shift"}
        else:
            assert not run.timers


@given(st.lists(_events, max_size=30), st.sampled_from([NOON, MIDNIGHT]))
def test_nobody_is_paged_more_often_than_the_levels_allow(events: list[Event | timedelta], start: datetime) -> None:
    """A page needs a reason: a timer that ran out, a failed attempt, a person. An acknowledged case is not paged for,
    but by the next shift; and quiet hours are kept by everything that isn't critical and that nobody asked for."""
    run = Run(policy(QUIET), start)
    steps: list[int] = []
    for event in events:
        before = run.state
        if isinstance(event, timedelta):
            run.wait(event)
            continue
        pages = [effect for effect in run.do(event) if isinstance(effect, Page)]
        assert len(pages) <= 1
        steps += [page.step for page in pages]
        if pages:
            assert isinstance(event, (Escalate, Judged, Unreached))
            assert not run.policy.held(run.state.severity, run.now) or run.state.askers
        if pages and before.phase == "acknowledged":
            assert isinstance(event, Escalate)
    assert steps == sorted(set(steps))


@given(st.lists(_events, max_size=30))
def test_advancing_is_a_function(events: list[Event | timedelta]) -> None:
    first, second = Run(), Run()
    for event in events:
        for run in (first, second):
            run.wait(event) if isinstance(event, timedelta) else run.do(event)
    assert first.state == second.state
    assert first.told == second.told
