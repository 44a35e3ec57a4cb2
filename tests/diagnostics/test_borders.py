"""Word borders beside letters that RE2 takes for none."""

from __future__ import annotations

import pytest

from diagnostics.borders import with_borders
from diagnostics.patterns import linear


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\b(?:via|über) uns", "geht über uns"),
        (r"\b(?:via|über) uns", "Über uns".lower()),
        (r"\büber\b", "„über“"),
        (r"(?i)\b(?:(?:ü|o)ber|x) uns", "geht Über uns"),
        (r"(?:moved|changé)\b", "on a changé hier"),
        (r"\b(?:la|là) (?:est|dès)\b", "c'est là dès"),
        (r"\b(?:mail|失敗)", "配信失敗"),
        (r"\b(?P<word>[\]é]|é)t", "ét"),
    ],
)
def test_a_word_is_found_that_begins_or_ends_with_another_letter(pattern: str, text: str) -> None:
    assert linear(pattern).search(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\b(?:via|über) uns", "gegenüber uns"),
        (r"\b(?:via|über) uns", "trivia uns"),
        (r"(?:moved|changé)\b", "ils sont changés"),
    ],
)
def test_part_of_a_word_is_none(pattern: str, text: str) -> None:
    assert not linear(pattern).search(text)


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        (r"\b(?:via|über)", r"(?:\bvia|\Büber)"),
        (r"\b(a|é)(?i)x", r"(\ba|\Bé)(?i)x"),
        (r"\b(?:a|é)?x", r"\b(?:a|é)?x"),
        (r"\b(?:é?x|y)", r"\b(?:é?x|y)"),
        (r"\b[éa]|\x{e9}\b", r"\b[éa]|\x{e9}\b"),
        (r"a\bé|[^\])]|\)", r"a\Bé|[^\])]|\)"),
        (r"\b(?:via|durch)", r"\b(?:via|durch)"),
    ],
)
def test_only_these_borders_are_written_anew(pattern: str, written: str) -> None:
    assert with_borders(pattern) == written
