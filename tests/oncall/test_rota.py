"""Who is on call when, over changes of clocks."""

# ruff: noqa: DTZ001 - what a wall shows has no zone
from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.oncall.hours import Window, ends, inside, instant
from bot.oncall.rota import Layer, Override, Rota

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC"]
OFFICE = Window(time(8), time(18), frozenset(range(5)))
NIGHT = Window(time(22), time(7))


def wall(*parts: int, zone: ZoneInfo = BERLIN) -> datetime:
    return instant(datetime(*parts), zone)  # type: ignore[arg-type]  # a year, a month, …


WEEKLY = Rota(BERLIN, (Layer(("priya", "jonas"), datetime(2026, 1, 5, 9), 7),))


def test_a_week_is_handed_over_at_the_same_time_on_the_wall_all_year() -> None:
    assert WEEKLY.who(wall(2026, 3, 23, 8, 59)) == "priya"
    assert WEEKLY.who(wall(2026, 3, 23, 9)) == "jonas"
    assert WEEKLY.who(wall(2026, 3, 30, 8, 59)) == "jonas"  # clocks went forward on the 29th
    assert WEEKLY.who(wall(2026, 3, 30, 9)) == "priya"
    assert WEEKLY.next_change(wall(2026, 3, 23, 9)) == wall(2026, 3, 30, 9)
    assert wall(2026, 3, 30, 9) - wall(2026, 3, 23, 9) == timedelta(days=7, hours=-1)
    assert wall(2026, 10, 26, 9) - wall(2026, 10, 19, 9) == timedelta(days=7, hours=1)


def test_before_the_first_shift_nobody_is_on_call() -> None:
    assert WEEKLY.who(wall(2026, 1, 5, 8, 59)) is None
    assert WEEKLY.next_change(wall(2025, 12, 1)) == wall(2026, 1, 5, 9)


def test_a_hand_over_in_the_skipped_hour_takes_place_once() -> None:
    rota = Rota(BERLIN, (Layer(("priya", "jonas"), datetime(2026, 3, 28, 2, 30), 1),))
    assert rota.who(wall(2026, 3, 29, 1, 59)) == "priya"
    assert rota.next_change(wall(2026, 3, 29, 1)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # the wall shows 3:30
    assert rota.who(wall(2026, 3, 29, 3, 30)) == "jonas"


def test_a_hand_over_in_the_repeated_hour_takes_place_once() -> None:
    rota = Rota(BERLIN, (Layer(("priya", "jonas"), datetime(2026, 10, 24, 2, 30), 1),))
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert rota.next_change(wall(2026, 10, 24, 12)) == first
    assert rota.who(first) == rota.who(second) == "jonas"
    assert rota.next_change(second) == wall(2026, 10, 26, 2, 30)


def test_an_override_wins_and_ends() -> None:
    swap = Override("sam", wall(2026, 12, 24, 9), wall(2026, 12, 27, 9))
    rota = Rota(BERLIN, WEEKLY.layers, (swap,))
    assert rota.who(wall(2026, 12, 24, 8)) == WEEKLY.who(wall(2026, 12, 24, 8))
    assert rota.next_change(wall(2026, 12, 24, 8)) == wall(2026, 12, 24, 9)
    assert rota.who(wall(2026, 12, 25, 9)) == "sam"
    assert rota.next_change(wall(2026, 12, 25, 9)) == wall(2026, 12, 27, 9)
    assert rota.who(wall(2026, 12, 27, 9)) == WEEKLY.who(wall(2026, 12, 27, 9))


def test_a_layer_for_office_hours_leaves_the_rest_to_the_next() -> None:
    office = Layer(("alex",), datetime(2026, 1, 5), 7, (OFFICE,))
    rota = Rota(BERLIN, (office, *WEEKLY.layers))
    friday = wall(2026, 1, 9, 12)
    assert rota.who(friday) == "alex"
    assert rota.next_change(friday) == wall(2026, 1, 9, 18)
    assert rota.who(wall(2026, 1, 10, 12)) == "priya"
    assert rota.next_change(wall(2026, 1, 10, 12)) == wall(2026, 1, 12, 8)


def test_one_person_alone_never_changes() -> None:
    assert Rota(BERLIN, (Layer(("alex",), datetime(2026, 1, 5), 7),)).next_change(wall(2026, 6, 1)) is None


def test_hours_over_midnight_follow_the_wall() -> None:
    saturday_night = wall(2026, 3, 28, 23)
    assert inside((NIGHT,), BERLIN, saturday_night)
    assert ends((NIGHT,), BERLIN, saturday_night) == wall(2026, 3, 29, 7)
    assert wall(2026, 3, 29, 7) - wall(2026, 3, 28, 22) == timedelta(hours=8)
    assert not inside((NIGHT,), BERLIN, wall(2026, 3, 29, 7))
    assert ends((NIGHT,), BERLIN, wall(2026, 3, 29, 7)) == wall(2026, 3, 29, 7)


def test_hours_that_touch_end_together() -> None:
    weekend = Window(time(0), time(0), frozenset({5, 6}))
    assert ends((NIGHT, weekend), BERLIN, wall(2026, 1, 9, 22)) == wall(2026, 1, 12, 7)


def test_the_night_of_friday_belongs_to_friday() -> None:
    fridays = Window(time(22), time(7), frozenset({4}))
    assert inside((fridays,), BERLIN, wall(2026, 1, 10, 6))
    assert not inside((fridays,), BERLIN, wall(2026, 1, 9, 6))


_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
_window = st.builds(Window, _times, _times, st.frozensets(st.integers(0, 6), min_size=1))
_windows = st.lists(_window, max_size=2).map(tuple)
_layers = st.builds(
    Layer,
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from([1, 7, 14]),
    _windows,
)
_moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@st.composite
def _rotas(draw: st.DrawFn) -> Rota:
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    begins = draw(st.lists(_moments, max_size=2))
    overrides = [Override("x", at, at + timedelta(hours=draw(st.integers(1, 200)))) for at in begins]
    return Rota(zone, tuple(draw(st.lists(_layers, min_size=1, max_size=2))), tuple(overrides))


@given(_rotas(), _moments, st.lists(st.integers(0, 999), min_size=5, max_size=5))
def test_nobody_changes_before_the_next_change(rota: Rota, at: datetime, shares: list[int]) -> None:
    change = rota.next_change(at)
    until = change or at + timedelta(days=400)
    before = rota.who(at)
    assert [rota.who(at + (until - at) * share // 1000) for share in shares] == [before] * 5
    if change:
        assert change > at
        assert rota.who(change) != before
        assert rota.who(change - timedelta(microseconds=1)) == before


@given(_layers, st.sampled_from(ZONES), _moments)
def test_turns_are_taken_in_order_and_none_is_left_out(layer: Layer, zone: str, at: datetime) -> None:
    """Counted from the first shift, whatever clocks do: the n-th hand-over begins the n-th turn."""
    rota = Rota(ZoneInfo(zone), (Layer(layer.people, layer.start, layer.days),))
    turn = (at - layer.start.replace(tzinfo=UTC)) // timedelta(days=layer.days)
    if turn >= 1:
        begin = instant(layer.start + timedelta(days=layer.days * turn), ZoneInfo(zone))
        assert rota.who(begin) == layer.people[turn % len(layer.people)]
        assert rota.who(begin - timedelta(microseconds=1)) == layer.people[(turn - 1) % len(layer.people)]


@given(st.lists(_window, min_size=1, max_size=2).map(tuple), st.sampled_from(ZONES), _moments)
def test_hours_hold_until_they_end(windows: tuple[Window, ...], zone: str, at: datetime) -> None:
    where = ZoneInfo(zone)
    over = ends(windows, where, at)
    assert (over > at) == inside(windows, where, at)
    if over - at < timedelta(days=7):
        assert not inside(windows, where, over)


@pytest.mark.parametrize("zone", ZONES)
def test_a_whole_year_of_days_has_no_gap(zone: str) -> None:
    rota = Rota(ZoneInfo(zone), (Layer(("a", "b"), datetime(2026, 1, 1), 1),))
    at = instant(datetime(2026, 1, 1), ZoneInfo(zone))
    for day in range(1, 366):
        before, at = rota.who(at), rota.next_change(at) or at
        assert at == instant(datetime(2026, 1, 1) + timedelta(days=day), ZoneInfo(zone))
        assert rota.who(at) != before
