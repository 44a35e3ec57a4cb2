"""How the world words a failure: of every text in wordings/*.toml, the cause above it comes first."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from diagnostics import diagnose

_TABLES = {
    id_: texts
    for path in sorted((Path(__file__).parent / "wordings").glob("*.toml"))
    for id_, texts in tomllib.loads(path.read_text(encoding="utf-8")).items()
}


@pytest.mark.parametrize("id_", sorted(_TABLES))
def test_the_cause_of_a_wording_comes_first(id_: str) -> None:
    first = {text: next((each.cause for each in diagnose(text).findings), "nothing") for text in _TABLES[id_]}
    assert {text: found for text, found in first.items() if found != id_} == {}
