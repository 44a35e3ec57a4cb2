"""Escalation as a pure function: a state, an event and the time give the next state and what to do.

A case is watched, then paged for, level by level and round by round, until somebody acknowledges it. It is paged for
again when nothing moves after that, and ends only when it is resolved. Nothing here waits, sends or looks at a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

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
from bot.oncall.policy import SEVERITIES, Policy, Severity

CALM: Final = timedelta(seconds=60)
"""Who asks again so soon after a page wants the same page, not the next level."""

SKEW: Final = timedelta(minutes=5)
"""How far the clocks of other systems may be off: what they did so shortly before we paged counts as done after it."""

Outcome = tuple[State, tuple[Effect, ...]]
_TIMERS: Final[tuple[Timer, ...]] = ("watch", "level", "shift", "idle")


def advance(policy: Policy, state: State, event: Event, now: datetime) -> Outcome:
    """The state after `event`, and its effects in their order. What doesn't fit the state changes nothing."""
    step: Callable[[Policy, State, Any, datetime], Outcome] = _STEPS[type(event)]
    return step(policy, state, event, now)


def _reported(_policy: Policy, state: State, event: Reported, now: datetime) -> Outcome:
    """New evidence of a failure opens a resolved case again, though it pages nobody by itself."""
    if state.phase == "resolved" and event.fresh:
        reopened = replace(state, phase="idle", opened=now, reopened=event.by, since=now, holder="", resolution="")
        return reopened, ()
    return replace(state, opened=state.opened or now), ()


def _judged(policy: Policy, state: State, event: Judged, now: datetime) -> Outcome:
    state = replace(state, cause=event.cause or state.cause)
    if event.after is None:
        if state.phase != "watching":
            return state, ()
        return replace(state, phase="idle", watch_until=None, followed=False), (Disarm("watch"),)
    if state.phase == "acknowledged":
        state = replace(state, severity=_higher(state.severity, event.severity), followed=True)
        return _moved(policy, state, Moved(), now)
    if state.phase == "paging":
        return _worse(policy, state, event.severity, now)
    if state.phase == "resolved":
        return state, ()  # old pastes are judged again with new ones: only what a person does opens it again
    return _watch(policy, state, event, event.after, now)


def _watch(policy: Policy, state: State, event: Judged, after: timedelta, now: datetime) -> Outcome:
    until = min(state.watch_until or now + after, now + after)
    severity = _higher(state.severity, event.severity) if state.phase == "watching" else event.severity
    state = replace(state, phase="watching", severity=severity, reason=event.reason, watch_until=until, followed=True)
    return (state, (Arm("watch", until),)) if until > now else _open(policy, state, (), now)


def _worse(policy: Policy, state: State, severity: Severity, now: datetime) -> Outcome:
    """What was held back may be severe enough by now."""
    state = replace(state, severity=_higher(state.severity, severity))
    if state.held and not policy.held(state.severity, now):
        return _page(policy, replace(state, held=""), now)
    return state, ()


def _escalate(policy: Policy, state: State, event: Escalate, now: datetime) -> Outcome:
    askers = tuple(dict.fromkeys((*state.askers, event.by)))
    state = replace(state, severity=_higher(state.severity, "major"))  # nobody calls for help over a trifle
    if state.phase == "paging":
        if state.held or state.resting:
            return _page(policy, _first(replace(state, askers=askers, held="", resting=False)), now)
        if state.paged and timedelta(0) <= now - state.paged < CALM:
            return replace(state, askers=askers), ()
        return _further(policy, replace(state, askers=askers), now)
    if state.phase == "acknowledged":
        state, effects = _further(policy, replace(state, phase="paging", askers=askers, began=now, followed=True), now)
        return state, (Disarm("idle"), *effects)
    return _open(policy, replace(state, reason=""), (event.by,), now)


def _open(policy: Policy, state: State, askers: tuple[str, ...], now: datetime) -> Outcome:
    state = replace(
        _first(state),
        phase="paging",
        askers=askers,
        incident=state.incident + 1,
        held="",
        resting=False,
        began=now,
        watch_until=None,
        shift_target="",
        holder="",
        since=now,
        resolution="",
        opened=now if state.phase == "resolved" else state.opened or now,
        reopened=askers[0] if state.phase == "resolved" and askers else state.reopened,
        followed=True,
    )
    state, effects = _page(policy, state, now)
    return state, (Disarm("watch"), *effects)


def _first(state: State) -> State:
    return replace(state, level=0, target=0, round=0)


def _page(policy: Policy, state: State, now: datetime) -> Outcome:
    """Pages the target that it is at, or the next one whose hours these are; unless it has to wait."""
    hold = policy.held(state.severity, now) if not state.askers else None
    if hold:
        why, until = hold
        told = (Tell("held", detail=why, until=until),) if state.held != why else ()
        return replace(state, held=why), (*told, Arm("level", until, wall=True))
    levels = policy.levels
    while state.level < len(levels) and not policy.applies(levels[state.level], now):
        state = replace(state, level=state.level + 1, target=0)
    if state.level >= len(levels):
        return _round_over(policy, state, now)
    level = levels[state.level]
    state = replace(state, step=state.step + 1, paged=now, held="")
    return state, (Page(state.step, level.targets[state.target]), Arm("level", now + level.delay))


def _round_over(policy: Policy, state: State, now: datetime) -> Outcome:
    """Waits before the next round: as long as the last level does, and longer when all rounds are through."""
    state = replace(state, level=len(policy.levels), target=0)
    if state.round + 1 < policy.rounds:
        return state, (Arm("level", now + policy.levels[-1].delay),)
    resting = replace(state, resting=True)
    until = now + policy.rearm_after
    return resting, (Tell("exhausted", until=until), Arm("level", until))


def _onward(policy: Policy, state: State, now: datetime) -> Outcome:
    """To the next level that is for these hours; from the last one to the next round, as long as there is one."""
    if (level := _next_level(policy, state, now)) is not None:
        return _page(policy, replace(state, level=level, target=0), now)
    if state.round + 1 < policy.rounds:
        return _page(policy, replace(state, level=0, target=0, round=state.round + 1), now)
    return _round_over(policy, state, now)


def _further(policy: Policy, state: State, now: datetime) -> Outcome:
    """A person wants more than was done so far: the next level, after the last one the first again."""
    if (level := _next_level(policy, state, now)) is not None:
        return _page(policy, replace(state, level=level, target=0), now)
    return _page(policy, _first(state), now)


def _next_level(policy: Policy, state: State, now: datetime) -> int | None:
    later = range(state.level + 1, len(policy.levels))
    return next((index for index in later if policy.applies(policy.levels[index], now)), None)


def _reached(_policy: Policy, state: State, event: Reached, now: datetime) -> Outcome:
    """Who was paged is told, unless somebody has acknowledged meanwhile."""
    if event.step != state.step or state.phase not in ("paging", "acknowledged"):
        return state, ()
    effects: list[Effect] = []
    if event.who and state.phase == "paging":
        effects.append(Tell("paged", event.who))
    elif event.who and event.hand_over:
        effects.append(Tell("handed-over", event.who))
    if event.until and event.until > now:
        effects.append(Arm("shift", event.until, wall=True))
        state = replace(state, shift_target=event.target)
    return state, tuple(effects)


def _unreached(policy: Policy, state: State, event: Unreached, now: datetime) -> Outcome:
    """The next target at once; after the last of a level, the next level at once."""
    if event.step != state.step or state.phase not in ("paging", "acknowledged"):
        return state, ()
    told = Tell("unreached", event.who, event.why)
    if state.phase == "acknowledged" or state.level >= len(policy.levels):
        return state, (told,)
    if state.target + 1 < len(policy.levels[state.level].targets):
        state = replace(state, target=state.target + 1)
    else:
        state = replace(state, level=state.level + 1, target=0)
    state, effects = _page(policy, state, now)
    return state, (told, *effects)


def _acknowledged(policy: Policy, state: State, event: Acknowledged, now: datetime) -> Outcome:
    if not state.open or _stale(state, event.at):
        return state, ()
    if state.phase == "acknowledged" and state.holder == event.by:
        return _moved(policy, state, Moved(), now)
    told = Tell("acknowledged", (event.by,))
    if state.phase == "acknowledged":
        told = Tell("taken-over", (event.by, state.holder))
    state = replace(
        state,
        phase="acknowledged",
        holder=event.by,
        held="",
        resting=False,
        watch_until=None,
        began=state.began or now,
        since=now,
    )
    _, again = _moved(policy, state, Moved(), now)
    return state, (
        Drop(),
        Disarm("watch"),
        Disarm("level"),
        *again,
        told,
        Sync("acknowledge", event.by, event.via),
    )


def _resolved(_policy: Policy, state: State, event: Resolved, now: datetime) -> Outcome:
    if not state.open or _stale(state, event.at):
        return state, ()
    state = replace(
        state,
        phase="resolved",
        holder=event.by,
        held="",
        resting=False,
        watch_until=None,
        began=now,
        askers=(),
        since=now,
        resolution=event.cause,
        reopened="",
        followed=False,
    )
    told = Tell("resolved", (event.by,)), Sync("resolve", event.by, event.via)
    return state, (Drop(), *(Disarm(timer) for timer in _TIMERS), *told)


def _moved(policy: Policy, state: State, _event: Moved, now: datetime) -> Outcome:
    """Puts off asking again. What nobody was to be paged for isn't asked for again either."""
    followed = state.phase == "acknowledged" and state.followed
    return state, (Arm("idle", now + policy.rearm_after),) if followed else ()


def _fired(policy: Policy, state: State, event: Fired, now: datetime) -> Outcome:
    if not policy.levels:  # timers of an on-call file that is no longer set
        return state, ()
    if event.timer == "watch" and state.phase == "watching":
        return _open(policy, state, (), now)
    if event.timer == "level" and state.phase == "paging":
        if state.held:
            return _page(policy, state, now)
        if state.resting:
            return _page(policy, _first(replace(state, resting=False, began=now)), now)
        return _onward(policy, state, now)
    if event.timer == "idle" and state.phase == "acknowledged":
        state, effects = _page(policy, _first(replace(state, phase="paging", began=now)), now)
        return state, (Tell("rearmed", (state.holder,)), *effects)
    if event.timer == "shift":
        return _shift(policy, state, now)
    return state, ()


def _shift(policy: Policy, state: State, now: datetime) -> Outcome:
    """Whoever comes on duty hears of what is open. They may sleep when it isn't severe."""
    if state.phase not in ("paging", "acknowledged") or not state.shift_target or state.resting:
        return state, ()
    hold = policy.held(state.severity, now) if not state.askers else None
    if hold:
        return state, (Arm("shift", hold[1], wall=True),)
    state = replace(state, step=state.step + 1, paged=now)
    return state, (Page(state.step, state.shift_target, hand_over=True),)


def _stale(state: State, at: datetime | None) -> bool:
    """Something told us late, or again, what was done before this paging began."""
    return at is not None and state.began is not None and at < state.began - SKEW


def _higher(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=SEVERITIES.index)


_STEPS: Final[dict[type, Any]] = {
    Reported: _reported,
    Judged: _judged,
    Escalate: _escalate,
    Reached: _reached,
    Unreached: _unreached,
    Acknowledged: _acknowledged,
    Resolved: _resolved,
    Moved: _moved,
    Fired: _fired,
}
