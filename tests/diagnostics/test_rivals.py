"""Rivals told apart: for each pair of causes that people mistake for each other, a case where one is up and the other down."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest

import diagnostics
from diagnostics import diagnose
from diagnostics.cause import catalogue
from diagnostics.codes.wording import fold
from diagnostics.kept import table
from diagnostics.rivals import rivals_of
from tests.casefile import Block, Case

_HERE: Final = Path(__file__).parent
_RIVALS: Final[dict[str, list[str]]] = table(Path(diagnostics.__file__).with_name("rivals.toml"))
_PAIRS: Final = tuple((one, other) for one, others in _RIVALS.items() for other in others)
_RANKS: Final = {"ruled_out": 0, "possible": 1, "likely": 2, "confirmed": 3}


def _ranks(block: Block) -> dict[str, int]:
    """The causes that an expectation names, with how far each is believed."""
    words = (line.split() for line in block.text.splitlines())
    return {each[1]: _RANKS[each[0]] for each in words if each[0] in _RANKS}


@lru_cache(maxsize=1)
def _ends() -> dict[str, tuple[str, dict[str, int]]]:
    """Every case: all that was pasted, folded, and what it comes to after the last paste."""
    found = {}
    for path in sorted((_HERE.parent / "cases").rglob("*.md")):
        *_, (pastes, block) = Case.read(path).steps()
        found[f"{path.parent.name}/{path.stem}"] = (fold("\n".join(pastes)), _ranks(block))
    return found


def _shows(up: str, down: str) -> list[str]:
    """The cases that end with `up` believed, and with `down` named and believed less."""
    return [name for name, (_, ranks) in _ends().items() if down in ranks and ranks[down] < ranks.get(up, 0)]


@pytest.mark.parametrize(("one", "other"), _PAIRS)
def test_a_case_tells_two_rivals_apart(one: str, other: str) -> None:
    assert _shows(one, other) or _shows(other, one), f"no case ends with one of {one} and {other} above the other"


@pytest.mark.parametrize(("one", "other"), _PAIRS)
def test_a_pair_stands_once_and_is_of_ranked_causes(one: str, other: str) -> None:
    assert one < other, "the first of the two names the pair"
    assert _RIVALS[one].count(other) == 1
    for each in (one, other):
        assert not catalogue()[each].modifier, f"{each} is said beside and has no rivals"


@pytest.mark.parametrize(
    ("id_", "words"), [(each.id, words) for each in catalogue().values() for words, _ in each.against]
)
def test_the_words_of_a_look_alike_rule_a_cause_out_in_a_case(id_: str, words: str) -> None:
    assert words not in catalogue()[id_].says, "what speaks for a cause can't speak against it"
    shown = [name for name, (text, ranks) in _ends().items() if fold(words) in text and ranks.get(id_) == 0]
    assert shown, f"no case rules {id_} out with `{words}`"


def test_a_short_list_has_the_first_ones_rivals_behind() -> None:
    report = diagnose("421 4.7.0 Too many concurrent SMTP sessions from 203.0.113.9, slow down")
    first, *others = report.findings
    assert first.belief == "likely"
    assert 0 < len(others) <= 2
    assert {each.belief for each in others} == {"possible"}
    assert all(each.alike or each.cause in rivals_of(first.cause) for each in others)


def test_a_proven_cause_stands_alone() -> None:
    report = diagnose(
        "450 4.2.0 <kim@fabrikam.com>: Recipient address rejected: Greylisted, see http://postgrey.example"
    )
    assert [each.belief for each in report.findings] == ["confirmed"]


def test_a_rival_that_is_ruled_out_stays_out() -> None:
    report = diagnose("550 5.7.20 No passing DKIM signature found")
    ruled_out = {each.cause for each in report.ruled_out}
    assert ruled_out & set(rivals_of(report.findings[0].cause))
    assert not ruled_out & {each.cause for each in report.findings}
