"""Labelled cases as lines for the evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.case_export import CasesExistError, Labelled, exported, write
from tests.bot.pastes import CURED, FAILING
from tests.evaluation.samples import Incident, read

KEY = "tls.certificate.private-key-permission"
OTHER = "tls.certificate.private-key-missing"


def test_a_labelled_case_is_a_case_of_the_evaluation(tmp_path: Path) -> None:
    found = exported([Labelled((FAILING, CURED), (KEY, KEY, OTHER), wrong=1)])
    path = write(tmp_path / "cases", found.lines)
    [case] = read(tmp_path / "cases")
    assert isinstance(case, Incident)
    assert case.accept == (KEY,)
    assert case.until_settled() == (json.loads(path.read_text())["followups"][0]["text"],)
    assert case.determinable == "narrowed"


def test_labels_are_counts_and_texts_are_redacted() -> None:
    text = "550 5.1.1 <sam.okafor@fabrikam.com>: Recipient address rejected [203.0.113.9]\n=SUM(A1)\u2028<!channel>"
    [line] = exported([Labelled((text,), (KEY,), wrong=2)]).lines
    row = json.loads(line)
    assert row["labels"] == {"named": {KEY: 1}, "answer_wrong": 2}
    assert "sam.okafor" not in line
    assert "203.0.113.9" not in line
    assert "\u2028" not in line
    assert "\n" not in line


def test_where_people_disagree_or_name_no_known_cause_there_is_no_label() -> None:
    found = exported(
        [
            Labelled((FAILING,), (KEY, OTHER)),
            Labelled((FAILING,), ("the dog ate it",)),
            Labelled((FAILING,), (), wrong=1),
            Labelled((), (KEY,)),
        ]
    )
    assert found.lines == []
    assert (found.disputed, found.unnamed) == (1, 3)


def test_a_file_of_cases_is_not_written_over(tmp_path: Path) -> None:
    path = write(tmp_path, ["{}"])
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(CasesExistError, match="exists already"):
        write(tmp_path, ["{}"])
    assert path.read_text() == "{}\n"
