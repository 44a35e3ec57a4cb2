"""The chart of large logs: sessions that succeeded and failed over time, and where failures begin and end, as a PNG.

It brings its own white ground, so that it reads the same in Slack's light and dark. Blue and orange are told apart by people
who can't tell red from green.
"""

from __future__ import annotations

import io
import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from diagnostics.logs.model import LogSummary
from handlers.blocks.log_bins import Bins, Mark, bins

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH: Final = 1200
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, WIDTH - 36, 128, 456
_GROUND, _FRAME, _GRID, _INK, _SOFT = "#ffffff", "#c9c9c9", "#e3e3e3", "#1d1c1d", "#5c5b5c"
_FINE, _FAILED, _BAND, _EDGE = "#2b6cb0", "#d9480f", "#fdebdf", "#8a2f0b"
_ALT: Final = 900  # characters; Slack takes 1,000
_LABEL: Final = 84
_ROW, _ROWS_FROM = 36, 522  # the legend


@dataclass(frozen=True, slots=True)
class Chart:
    """A PNG of WIDTH pixels, as high as its legend needs, and the essentials of it in words."""

    png: bytes
    alt: str


def chart(log: LogSummary) -> Chart | None:
    """None where a picture would say no more than words do."""
    found = bins(log)
    return drawn(found) if found else None


def drawn(found: Bins) -> Chart:
    """The picture of what was counted."""
    return Chart(_png(found), _alt(found))


def _png(found: Bins) -> bytes:
    from PIL import Image, ImageDraw  # nothing else draws, and most answers have no picture

    height = _ROWS_FROM + _ROW * len(_rows(found)) + 18
    image = Image.new("RGB", (WIDTH, height), _GROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH - 1, height - 1), outline=_FRAME, width=2)
    top = _nice(max(bar.sessions for bar in found.bars))
    _head(draw, found)
    for mark in found.marks:
        left, right = _span(found, mark)
        draw.rectangle((left, _TOP, max(right, left + 2), _BOTTOM), fill=_BAND)
    _scale(draw, top)
    _bars(draw, found, top)
    for number, mark in enumerate(found.marks, 1):
        _edges(draw, found, mark, number)
    _times(draw, found)
    _legend(draw, found)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _head(draw: ImageDraw, found: Bins) -> None:
    day = f"{found.bars[0].at:%Y-%m-%d}"
    last = f"{found.bars[-1].at:%Y-%m-%d}"
    span = day if day == last else f"{day} to {last}"
    draw.text((32, 22), f"{_units(found).capitalize()} per {_length(found.step)}, {found.what}", _INK, _font(34))
    draw.text((32, 70), f"{span}, times in UTC", _SOFT, _font(24))
    left = WIDTH - 390
    for colour, name in ((_FINE, "succeeded"), (_FAILED, "failed")):
        draw.rectangle((left, 76, left + 22, 98), fill=colour)
        draw.text((left + 32, 70), name, _INK, _font(24))
        left += 200


def _edges(draw: ImageDraw, found: Bins, mark: Mark, number: int) -> None:
    """Where it begins and ends; its number, which the legend explains; a triangle where something changed."""
    left, right = _span(found, mark)
    for x in (left, right) if mark.ended else (left,):
        for y in range(_TOP, _BOTTOM, 14):
            draw.line((x, y, x, min(y + 8, _BOTTOM)), fill=_EDGE, width=2)
    y = _TOP + 6 + 34 * (number - 1)
    x = min(max(left + 4, _LEFT), _RIGHT - 34)
    draw.rounded_rectangle((x, y, x + 30, y + 30), 6, fill=_EDGE)
    draw.text((x + 15, y + 15), str(number), _GROUND, _font(24), anchor="mm")
    if mark.changes:
        draw.polygon(((left - 11, _BOTTOM + 20), (left + 11, _BOTTOM + 20), (left, _BOTTOM + 2)), fill=_EDGE)


def _scale(draw: ImageDraw, top: int) -> None:
    for share in (0, 1, 2, 3, 4):
        value = top * share / 4
        y = _BOTTOM - (_BOTTOM - _TOP) * share / 4
        draw.line((_LEFT, y, _RIGHT, y), fill=_SOFT if share == 0 else _GRID, width=2)
        if value == int(value):
            draw.text((_LEFT - 12, y), _short(int(value)), _SOFT, _font(24), anchor="rm")


def _bars(draw: ImageDraw, found: Bins, top: int) -> None:
    width = (_RIGHT - _LEFT) / len(found.bars)
    gap = 1 if width > 6 else 0
    for place, bar in enumerate(found.bars):
        left, right = _LEFT + place * width + gap, _LEFT + (place + 1) * width - gap - 1
        failed, whole = (_height(count, top) for count in (bar.failed, bar.sessions))
        if bar.sessions > bar.failed:
            whole = max(whole, failed + 2)
            draw.rectangle((left, _BOTTOM - whole, right, _BOTTOM - failed - 1), fill=_FINE)
        if bar.failed:
            draw.rectangle((left, _BOTTOM - failed, right, _BOTTOM - 1), fill=_FAILED)


def _height(count: int, top: int) -> float:
    """In pixels. What is there is seen: one failure among thousands of sessions has its line."""
    return max((_BOTTOM - _TOP) * count / top, 3) if count else 0


def _times(draw: ImageDraw, found: Bins) -> None:
    every = math.ceil(len(found.bars) / 8)
    width = (_RIGHT - _LEFT) / len(found.bars)
    shown = _time_format(found)
    for place in range(0, len(found.bars), every):
        text = f"{found.bars[place].at:{shown}}"
        x = _LEFT + place * width
        draw.line((x, _BOTTOM, x, _BOTTOM + 8), fill=_SOFT, width=2)
        left = min(x + 2, WIDTH - 8 - draw.textlength(text, _font(22)))
        draw.text((left, _BOTTOM + 24), text, _SOFT, _font(22))


def _time_format(found: Bins) -> str:
    """Of the times below the bars."""
    if found.step >= timedelta(days=1):
        return "%m-%d"
    if found.bars[0].at.date() != found.bars[-1].at.date():
        return "%m-%d %Hh"
    return _minute_or_second(found)


def _rows(found: Bins) -> list[tuple[str, str]]:
    """The legend: what stands at its margin, and the words. One change is enough to look into."""
    rows = [(str(number), mark.label) for number, mark in enumerate(found.marks, 1)]
    changed = [("", f"{_clock(found, mark.began)}: {what} changed") for mark in found.marks for what in mark.changes]
    return [*rows, *changed[:1]]


def _legend(draw: ImageDraw, found: Bins) -> None:
    for place, (number, text) in enumerate(_rows(found)):
        y = _ROWS_FROM + place * _ROW
        if number:
            draw.rounded_rectangle((32, y, 62, y + 30), 6, fill=_EDGE)
            draw.text((47, y + 15), number, _GROUND, _font(24), anchor="mm")
        else:
            draw.polygon(((36, y + 24), (58, y + 24), (47, y + 6)), fill=_EDGE)
        draw.text((76, y + 15), _plain(text), _INK, _font(24), anchor="lm")


def _clock(found: Bins, at: datetime) -> str:
    """With the day where the log has several."""
    several = found.bars[0].at.date() != found.bars[-1].at.date()
    return f"{at:%m-%d %H:%M}" if several else f"{at:{_minute_or_second(found)}}"


def _minute_or_second(found: Bins) -> str:
    return "%H:%M" if found.step >= timedelta(minutes=1) else "%H:%M:%S"


def _span(found: Bins, mark: Mark) -> tuple[float, float]:
    return _x(found, mark.began), _x(found, mark.ended or found.end)


def _x(found: Bins, at: datetime) -> float:
    share = (at - found.bars[0].at) / (found.end - found.bars[0].at)
    return _LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT)


def _alt(found: Bins) -> str:
    bars = found.bars
    sessions, failed = sum(bar.sessions for bar in bars), sum(bar.failed for bar in bars)
    worst = max(bars, key=lambda bar: bar.failed)
    clock = _minute_or_second(found)
    most = f", most of them ({worst.failed:,}) in the {_length(found.step)} from {worst.at:{clock}}"
    text = (
        f"Bar chart: {_units(found)} per {_length(found.step)} in the {found.what}, {bars[0].at:%Y-%m-%d {clock}} to "
        f"{found.end:%Y-%m-%d {clock}} UTC. {sessions:,} in all, {failed:,} failed{most if worst.failed * 2 > failed else ''}. "
    )
    text += " ".join(_said(mark, clock) for mark in found.marks)
    return text.strip() if len(text) <= _ALT else text[: _ALT - 1] + "…"


def _said(mark: Mark, clock: str) -> str:
    ended = f"to {mark.ended:%m-%d {clock}}" if mark.ended else "and goes on"
    changed = f"; {', '.join(mark.changes)} changed when it began" if mark.changes else ""
    return f"{mark.label}, from {mark.began:%m-%d {clock}} {ended}{changed}."


def _units(found: Bins) -> str:
    return "messages" if found.what.startswith("tracking") else "sessions"


def _length(step: timedelta) -> str:
    seconds = round(step / timedelta(seconds=1))
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0:
            return name if seconds == size else f"{seconds // size} {name}s"
    return "second" if seconds == 1 else f"{seconds} seconds"


def _nice(most: int) -> int:
    """The least round number from `most` on, of which there is a fourth."""
    size = 10 ** max(len(str(most)) - 1, 0)
    return next(
        int(size * share)
        for share in (0.4, 0.8, 1.2, 1.6, 2, 4, 6, 8, 10)
        if size * share >= most and size * share >= 4
    )


def _short(value: int) -> str:
    return f"{value / 1e6:g}M" if value >= 1_000_000 else f"{value / 1e3:g}k" if value >= 10_000 else f"{value:,}"


def _plain(text: str) -> str:
    """What the font can draw: the letters without their accents, a question mark for other scripts."""
    drawn = (char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    shown = "".join(char if " " <= char <= "~" else "?" for char in drawn)
    return shown if len(shown) <= _LABEL else shown[: _LABEL - 3] + "..."


@lru_cache
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # wheels of Pillow have FreeType
    return font
