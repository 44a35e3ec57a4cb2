"""What goes down in the history: each thing that happens once, and nothing for what changes nothing."""

from __future__ import annotations

from datetime import timedelta

from bot.oncall.chronicle import entries
from bot.oncall.events import Acknowledged, Escalate, Event, Fired, Judged, Moved, Reached, Resolved, State, Unreached
from bot.oncall.machine import advance
from tests.oncall.policies import NOON, policy

POLICY = policy()
PRIYA, ALEX = "@U0PRIYANAI", "@U0ALEXRIVE"
HIGH = Judged("major", timedelta(0), "a connector is down", "tls.certificate.expired")


def told(*events: Event, start: State | None = None) -> list[tuple[str, tuple[str, ...], str]]:
    state, found = start or State(), []
    for event in events:
        after, effects = advance(POLICY, state, event, NOON)
        found += [(each.what, each.who, each.detail) for each in entries(state, event, after, effects)]
        state = after
    return found


def test_an_incident_from_the_rules_to_the_end() -> None:
    assert told(HIGH, Reached(1, "first", (PRIYA,)), Acknowledged(PRIYA), Moved(), Resolved(PRIYA)) == [
        ("escalated", (), "a connector is down"),
        ("paged", (PRIYA,), ""),
        ("acknowledged", (PRIYA,), ""),
        ("resolved", (PRIYA,), ""),
    ]


def test_what_comes_twice_is_told_once() -> None:
    assert told(
        Escalate(ALEX), Escalate(ALEX), Acknowledged(PRIYA), Acknowledged(PRIYA), Resolved(ALEX), Resolved(ALEX)
    ) == [
        ("escalated", (ALEX,), ""),
        ("acknowledged", (PRIYA,), ""),
        ("resolved", (ALEX,), ""),
    ]


def test_who_takes_over_and_who_could_not_be_paged() -> None:
    found = told(
        Escalate(ALEX), Unreached(1, "Slack knows nobody of that id", (PRIYA,)), Acknowledged(PRIYA), Acknowledged(ALEX)
    )
    assert ("unreached", (PRIYA,), "Slack knows nobody of that id") in found
    assert [who for what, who, _ in found if what == "acknowledged"] == [(PRIYA,), (ALEX,)]


def test_an_incident_that_is_opened_again_says_by_whom() -> None:
    found = told(HIGH, Resolved(PRIYA), Escalate(ALEX))
    assert [each for each in found if each[0] == "reopened"] == [("reopened", (ALEX,), "")]
    assert [what for what, _, _ in found].count("escalated") == 1


def test_paging_again_is_told() -> None:
    found = told(HIGH, Acknowledged(PRIYA), Fired("idle"))
    assert ("rearmed", (PRIYA,), "") in found


def test_what_is_merely_watched_is_not_told() -> None:
    assert told(Judged("minor", timedelta(minutes=5), "seen"), Judged(), Moved()) == []
