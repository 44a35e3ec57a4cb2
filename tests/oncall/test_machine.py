"""Escalation as a pure function: levels, rounds, acknowledgement, rules, re-arming, resolution."""

from __future__ import annotations

from datetime import timedelta

from bot.oncall.events import (
    Acknowledged,
    Arm,
    Drop,
    Escalate,
    Judged,
    Moved,
    Reached,
    Reported,
    Resolved,
    State,
    Sync,
    Tell,
    Unreached,
)
from bot.oncall.policy import NOBODY
from tests.oncall.policies import NOON, SAM
from tests.oncall.runs import ALEX, MINUTE, Run


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
