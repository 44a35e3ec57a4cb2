"""The picture and the table of large logs: what they show, and what they never do."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from diagnostics.logs.model import LogChange, LogCount, LogEpisode, LogFailure, LogKind, LogSummary
from diagnostics.report import Report
from handlers.blocks import logged
from handlers.blocks.log_bins import MOST_BARS, Bins, bins
from handlers.blocks.log_chart import WIDTH, chart
from handlers.blocks.log_table import table

KIND = "smtp-send-log"
_BLUE, _ORANGE, _BAND = (0x2B, 0x6C, 0xB0), (0xD9, 0x48, 0x0F), (0xFD, 0xEB, 0xDF)


def minutes(failed: range = range(20, 40), sessions: int = 50) -> tuple[LogCount, ...]:
    """An hour, with 12 failures in each minute of `failed`."""
    return tuple(
        LogCount(name=f"2026-11-18T06:{m:02}", sessions=sessions, failed=12 * (m in failed), messages=1)
        for m in range(60)
    )


def summary(
    connector: str = "Outbound to Office 365",
    error: str = "TLS negotiation failed with error UnknownCredentials",
    **episode: object,
) -> LogSummary:
    counts = minutes()
    stretch = {
        "began": "2026-11-18T06:20:03.000Z",
        "ended": "2026-11-18T06:39:40.000Z",
        "sessions": 240,
        "last_success": "2026-11-18T06:19:59.000Z",
        "steady": True,
        "changes": (LogChange(what="our certificate's thumbprint", before="3C0FFEE1", after="91F0E1D2"),),
        **episode,
    }
    failure = LogFailure(
        kind=KIND,
        connector=connector,
        error=error,
        sessions=240,
        ongoing=False,
        episodes=(LogEpisode.model_validate(stretch),),
        remotes={"203.0.113.9": 240},
    )
    kind = LogKind(
        kind=KIND,
        sessions=3000,
        failed=240,
        messages=60,
        began=counts[0].name,
        ended=counts[-1].name,
        hours=(LogCount(name="2026-11-18T06", sessions=3000, failed=240, messages=60),),
        minutes=counts,
    )
    return LogSummary(files=(), kinds=(kind,), failures=(failure,))


def report(log: LogSummary) -> Report:
    return Report(verdict="failure", summary="", artefacts=(), findings=(), ruled_out=(), next=(), timeline=(), log=log)


def picture(log: LogSummary) -> Image.Image:
    drawn = chart(log)
    assert drawn
    return Image.open(io.BytesIO(drawn.png)).convert("RGB")


def shades(image: Image.Image) -> set[tuple[int, ...]]:
    return {colour for _, colour in image.getcolors(1 << 20) or ()}  # type: ignore[misc]


def test_the_picture_shows_both_kinds_of_sessions_the_stretch_and_its_ends() -> None:
    image = picture(summary())
    assert (image.width, image.format) == (WIDTH, None)
    assert {_BLUE, _ORANGE, _BAND} <= shades(image)
    bottom = [image.getpixel((x, 450)) for x in range(100, WIDTH - 40)]
    failing = [place for place, colour in enumerate(bottom) if colour == _ORANGE]
    assert len(bottom) * 0.3 < failing[0] < failing[-1] < len(bottom) * 0.7  # from minute 20 to 39 of 60


def test_a_picture_without_failures_has_no_orange_but_in_its_key() -> None:
    log = summary()
    calm = log.kinds[0].model_copy(update={"minutes": minutes(range(0)), "failed": 0})
    image = picture(log.model_copy(update={"kinds": (calm,), "failures": ()}))
    assert _ORANGE not in shades(image.crop((0, 120, WIDTH, image.height)))
    assert _BLUE in shades(image.crop((0, 120, WIDTH, image.height)))


def test_the_words_beside_the_picture_say_the_essentials() -> None:
    drawn = chart(summary())
    assert drawn
    assert drawn.alt == (
        "Bar chart: sessions per minute in the SMTP send log, 2026-11-18 06:00 to 2026-11-18 07:00 UTC. 3,000 in all, 240 "
        "failed. Outbound to Office 365: TLS negotiation failed with error "
        "UnknownCredentials, from 11-18 06:20 to 11-18 06:39; our certificate's thumbprint changed when it began."
    )


@pytest.mark.parametrize(
    "text",
    [
        "to anna@contoso.com",
        "via 203.0.113.9",
        "via [2001:db8::25]",
        "via 2001:db8:0:1::25",
        "<anna@contoso.com> refused",
    ],
)
def test_no_address_gets_into_the_picture_or_its_words(text: str) -> None:
    found = bins(summary(text, text))
    drawn = chart(summary(text, text))
    assert found
    assert drawn
    for shown in (found.marks[0].label, drawn.alt):
        assert not any(word in shown for word in ("anna", "203.0.113", "2001:db8"))


def test_few_sessions_and_one_bar_are_told_in_words() -> None:
    log = summary()
    for counts in (minutes()[:1], minutes(sessions=0), ()):
        kind = log.kinds[0].model_copy(update={"minutes": counts, "hours": ()})
        assert chart(log.model_copy(update={"kinds": (kind,)})) is None
    assert chart(LogSummary(files=())) is None


_TIMES = st.datetimes(datetime.fromisoformat("2001-01-01"), datetime.fromisoformat("2040-01-01"))


@given(st.lists(st.tuples(_TIMES, st.integers(1, 10**7)), min_size=2, max_size=50), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_span_becomes_a_readable_number_of_bars(times: list[tuple[object, int]], by_minute: bool) -> None:
    length = 16 if by_minute else 13
    counts = tuple(
        LogCount(name=str(at).replace(" ", "T")[:length], sessions=n, failed=n // 2, messages=0) for at, n in times
    )
    log = summary()
    kind = log.kinds[0].model_copy(update={"minutes": counts if by_minute else (), "hours": counts})
    found = bins(log.model_copy(update={"kinds": (kind,)}))
    if found is None:
        return
    assert isinstance(found, Bins)
    assert 2 <= len(found.bars) <= MOST_BARS + 1
    assert sum(bar.sessions for bar in found.bars) == sum(n for _, n in times)
    assert {other.at - one.at for one, other in zip(found.bars, found.bars[1:], strict=False)} == {found.step}
    assert found.step >= timedelta(minutes=1 if by_minute else 60)
    assert chart(log.model_copy(update={"kinds": (kind,)})) is not None


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_name_can_be_drawn(connector: str, error: str) -> None:
    assert picture(summary(connector, error)).width == WIDTH


@pytest.mark.parametrize(
    "text", ["=1+2", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1", "\uff1d1", "=cmd|' /C calc'!A0"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    header, *rows = csv.reader(io.StringIO(table(report(summary(text, text))).decode("utf-8-sig")))
    assert header[1:3] == ["connector", "error"]
    for row in rows:
        assert len(row) == len(header)
        assert all(not cell.strip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in row)


def test_the_table_has_a_row_for_each_stretch() -> None:
    rows = list(csv.DictReader(io.StringIO(table(report(summary())).decode("utf-8-sig"))))
    assert [row["sessions"] for row in rows] == ["240"]
    assert rows[0]["what changed"] == "our certificate's thumbprint: 3C0FFEE1 to 91F0E1D2 when it began"
    assert rows[0]["remote addresses"] == "203.0.113.9"


def test_the_files_come_with_the_answer() -> None:
    message = logged(report(summary()), None, "https://contoso.slack.com/archives/C1/p1")
    assert [(each.part, each.name) for each in message.attachments] == [
        ("chart", "mailflow-log.png"),
        ("data", "mailflow-log.csv"),
    ]
    assert message.attachments[0].alt.startswith("Bar chart")
