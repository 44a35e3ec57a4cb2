"""Each promise of SECURITY.md names the tests that hold it, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_ROW = re.compile(r"^\| (?!threat |---)(.+) \|$", re.MULTILINE)


def rows() -> list[str]:
    return _ROW.findall((ROOT / "SECURITY.md").read_text())


def test_every_threat_names_a_test() -> None:
    assert len(rows()) > 20
    for row in rows():
        threat, stops, held = (cell.strip() for cell in row.split(" | "))
        assert threat
        assert stops
        assert _TEST.search(held), threat
        assert not re.sub(r"[,\s]", "", _TEST.sub("", held)), threat


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split(" | ")[0])
def test_the_tests_exist(row: str) -> None:
    for path, name in _TEST.findall(row):
        tree = ast.parse((ROOT / path).read_text())
        defined = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in defined, f"{path}::{name}"
