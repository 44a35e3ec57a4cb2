"""Every cause's page is whole, and nothing of the frame that it was begun with is left."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

from bot import scaffold
from diagnostics.cause import catalogue

_CASES = sorted((Path(__file__).parent.parent / "cases").rglob("*.md"))
_HEADINGS = ["What is happening", "What proves it", "Not this when", "References"]
_LONGEST = 120


def _unfilled(text: str) -> list[str]:
    """What of the frame `text` still holds."""
    frame = scaffold.MODULE + scaffold.CASE + scaffold.NEAR
    return [each for each in re.findall(r"<[^<>{}]+>", frame) if each in text]


@pytest.mark.parametrize("id_", sorted(catalogue()))
def test_a_page_is_whole(id_: str) -> None:
    cause = catalogue()[id_]
    title, *rest = cause.manual.split("\n")
    assert title.endswith(".")
    assert len(title) <= _LONGEST
    assert [line[3:] for line in rest if line.startswith("## ")] == _HEADINGS
    parts = re.split(r"^## .*$", cause.manual, flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts), "an empty part"
    assert _unfilled(inspect.getsource(sys.modules[cause.assess.__module__])) == []


def test_a_case_is_filled_in() -> None:
    assert [(path.name, left) for path in _CASES if (left := _unfilled(path.read_text(encoding="utf-8")))] == []


def test_each_file_of_a_new_frame_has_something_to_fill_in() -> None:
    assert [bool(_unfilled(text)) for text in (scaffold.MODULE, scaffold.CASE, scaffold.NEAR)] == [True] * 3
