"""What holds of an escalation whatever happens, in whatever order."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.oncall.events import (
    Acknowledged,
    Escalate,
    Event,
    Judged,
    Moved,
    Page,
    Reached,
    Reported,
    Resolved,
    Timer,
    Unreached,
)
from tests.oncall.policies import MIDNIGHT, NOON, QUIET, SAM, policy
from tests.oncall.runs import ALEX, MINUTE, Run

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
