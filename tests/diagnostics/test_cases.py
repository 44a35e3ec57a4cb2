"""Every case against every cause: the whole set of beliefs must be equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.cause import catalogue
from tests.casefile import Case, believed, judged

_CASES = sorted((Path(__file__).parent.parent / "cases").rglob("*.md"))


@pytest.mark.parametrize("path", _CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Path, request: pytest.FixtureRequest) -> None:
    case = Case.read(path)
    if request.config.getoption("--accept"):
        case.accept()
        case = Case.read(path)
    assert case.steps(), f"{path} has no expectation"
    for pastes, block in case.steps():
        assert believed(judged(pastes)) == block.text


@pytest.mark.parametrize("id_", sorted(catalogue()))
def test_a_cause_has_a_case_that_shows_it_and_one_that_nearly_does(id_: str) -> None:
    shown = [p for p in _CASES if f" {id_}\n" in p.read_text(encoding="utf-8") and not p.stem.startswith("not-")]
    named = [
        line
        for path in shown
        for _, block in Case.read(path).steps()
        for line in block.text.splitlines()
        if line in (f"confirmed {id_}", f"likely {id_}", f"possible {id_}", f"beside {id_}")
    ]
    assert named, f"no case shows {id_}"
    near = [p for p in _CASES if p.stem.startswith("not-") and f"near: {id_}" in p.read_text(encoding="utf-8")]
    assert near, f"no near miss (a not-*.md with the line 'near: {id_}') for {id_}"
    for path in near:
        final = Case.read(path).steps()[-1][1].text
        assert not {f"confirmed {id_}", f"likely {id_}"} & set(final.splitlines()), f"{path} is no near miss"
