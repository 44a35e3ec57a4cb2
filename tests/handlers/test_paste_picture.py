"""The picture of a pasted log: when there is one, and that it shows what the log tells."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from PIL import Image

from diagnostics.course import course
from handlers.blocks.log_chart import WIDTH
from handlers.blocks.paste_bins import paste_bins, picture
from tests.bot.pastes import FAILING, alternating

MINUTE = timedelta(minutes=1)
BEGAN = datetime(2026, 11, 18, 8, 10, tzinfo=UTC)


def test_the_course_of_a_log_has_its_failures_and_what_changed() -> None:
    found = course(alternating("++++----++-+"))
    assert found
    assert [bool(run.error) for run in found.runs] == [mark == "-" for mark in "++++----++-+"]
    first, second = found.stretches
    assert (first.began, first.ended, first.sessions) == (BEGAN + 4 * MINUTE, BEGAN + 8 * MINUTE, 4)
    assert first.changes == ("our certificate's thumbprint",)
    assert (second.began, second.ended) == (BEGAN + 10 * MINUTE, BEGAN + 11 * MINUTE)


def test_a_failure_that_goes_on_has_no_end() -> None:
    found = course(alternating("+++---"))
    assert found
    assert [stretch.ended for stretch in found.stretches] == [None]


def test_the_bars_are_the_sessions() -> None:
    found = course(alternating("++++----++-+"))
    assert found
    bins = paste_bins(found)
    assert bins
    assert sum(bar.sessions for bar in bins.bars) == 12
    assert [bar.at for bar in bins.bars if bar.failed] == [BEGAN + n * MINUTE for n in (4, 5, 6, 7, 10)]


def test_seconds_are_told_where_minutes_are_too_long() -> None:
    found = course(alternating("+++-----", every=7))
    assert found
    bins = paste_bins(found)
    assert bins
    assert bins.step == timedelta(seconds=1)


def test_where_words_do_there_is_no_picture() -> None:
    for text in (FAILING, alternating("+-+-"), alternating("--------"), alternating("++++++++"), "550 5.7.64", ""):
        assert picture(text) == ()


def test_the_picture_says_in_words_what_it_shows_and_names_no_address() -> None:
    [drawn] = picture(alternating("++++----++-+"))
    image = Image.open(io.BytesIO(drawn.content))
    assert image.size[0] == WIDTH
    assert image.format == "PNG"
    assert drawn.alt.startswith("Bar chart: sessions per 15 seconds in the SMTP send log, 2026-11-18 08:10:00")
    assert "12 in all, 5 failed" in drawn.alt
    assert "our certificate's thumbprint changed when it began" in drawn.alt
    assert "203.0.113.9" not in drawn.alt
    assert len(drawn.alt) < 1_000
