"""What the cases' reports offer: steps in the right order, with something to do, and the checks of all templates."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from diagnostics import Report
from tests.casefile import Case, judged
from tests.commands import powershell

_CASES = sorted((Path(__file__).parent.parent / "cases").rglob("*.md"))
_POWERSHELL = ("exchange-management-shell", "exchange-online-powershell", "powershell")


@lru_cache
def _reports() -> tuple[Report, ...]:
    return tuple(judged(pastes) for path in _CASES for pastes, _ in Case.read(path).steps())


def test_a_command_with_its_values_works_in_its_shell() -> None:
    steps = {(step.shell, step.command) for r in _reports() for f in r.findings for step in f.steps}
    asked = {(question.shell, question.command) for report in _reports() for question in report.next}
    offered = sorted(row for row in steps | asked if row[0] in _POWERSHELL and row[1])
    wrong = [(command, fault) for shell, command in offered for fault in powershell.faults(command, shell)]
    assert wrong == []


def test_reading_comes_before_changing() -> None:
    for report in _reports():
        for finding in report.findings:
            effects = [step.effect for step in finding.steps]
            assert effects == sorted(effects, key=lambda effect: effect != "read-only"), finding.cause


@pytest.mark.parametrize("belief", ["likely", "confirmed"])
def test_what_is_believed_comes_with_something_to_do(belief: str) -> None:
    bare = {f.cause for r in _reports() for f in r.findings if f.belief == belief and not f.steps}
    assert bare == set()
