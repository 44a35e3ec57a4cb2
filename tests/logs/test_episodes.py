"""When a failure began and ended, whatever order its sessions are read in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.logs.episodes import Episode, Failing
from diagnostics.logs.judging import entry, failures
from diagnostics.logs.sessions import Rank, Talk
from diagnostics.logs.tally import Tally

_BEGIN = datetime(2026, 11, 18, tzinfo=UTC)


def _at(minute: int) -> bytes:
    return (_BEGIN + timedelta(minutes=minute)).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def _talk(minute: int) -> Talk:
    return Talk.of(
        [_at(minute), b"Internet", str(minute).encode(), b"0", b"", b"", b"+", b""], (0, minute), opened=True
    )


def _whole(minutes: list[int], successes: list[int]) -> list[tuple[bytes, bytes, int]]:
    failing = Failing()
    for minute in minutes:
        talk = _talk(minute)
        failing.add(Episode(talk, talk))
    found = failing.whole(sorted(_at(minute) for minute in successes))
    return [(episode.first.at, episode.last.at, episode.count) for episode in found]


def _expected(minutes: list[int], successes: list[int]) -> list[tuple[bytes, bytes, int]]:
    groups: list[list[int]] = []
    for minute in sorted(minutes):
        last = groups[-1][-1] if groups else None
        if last is not None and (minute - last <= 60 or not any(last < each < minute for each in successes)):
            groups[-1].append(minute)
        else:
            groups.append([minute])
    return [(_at(group[0]), _at(group[-1]), len(group)) for group in groups]


_MINUTES = st.lists(st.integers(0, 3_000), min_size=1, max_size=60)


@settings(deadline=None)
@given(_MINUTES, st.lists(st.integers(0, 3_000), max_size=60), st.randoms(use_true_random=False))
def test_an_hour_without_it_ends_a_failure_if_others_succeed(
    minutes: list[int], successes: list[int], dice: object
) -> None:
    shuffled = list(minutes)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _whole(shuffled, successes) == _expected(minutes, successes)


def test_very_many_stretches_are_told_more_roughly_and_none_is_lost() -> None:
    minutes = list(range(0, 61 * 5_000, 61))
    found = _whole(minutes, list(range(30, 61 * 5_000, 61)))
    assert 1 < len(found) <= 200
    assert (found[0][0], found[-1][1]) == (_at(0), _at(minutes[-1]))
    assert sum(count for _, _, count in found) == len(minutes)


def test_a_time_that_is_none_ends_nothing() -> None:
    failing = Failing()
    for at in (b"2026-99-99T99:99:99.999Z", b"2026-11-18T08:00:00.000Z"):
        talk = _talk(0)
        talk.at = at
        failing.add(Episode(talk, talk))
    assert len(failing.whole([])) == 1


def test_the_earliest_of_very_many_stretches_are_told_as_one() -> None:
    found = Tally()
    for hour in range(0, 24 * 20, 3):
        for minute, rank in ((60 * hour, Rank.REFUSED), (60 * hour + 90, Rank.NONE)):
            talk = _talk(minute)
            talk.rank, talk.error, talk.messages = rank, "550 no", int(not rank)
            found.add([talk])
    (failure,) = failures({"smtp-send-log": found})
    told = entry(failure, {})
    assert len(told.episodes) == 50
    assert sum(each.sessions for each in told.episodes) == told.sessions == 160
    assert [each.began for each in told.episodes[:2]] == ["2026-11-18T00:00:00.000Z", "2026-12-01T21:00:00.000Z"]
    assert [each.steady for each in told.episodes[:2]] == [False, True]
