"""A few seconds of fuzzing, the same each time, and everything that fuzzing has ever found. Minutes of it: `make fuzz`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.changes import changed
from tests.fuzz.targets import TARGETS

FOUND = sorted((Path(__file__).parent / "found").glob("*.*"))
_TIMES = {"recognise": 15, "servers": 15, "logs": 20, "diagnose": 25, "policy": 40}


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_breaks(name: str) -> None:
    target, chance = TARGETS[name], random.Random(20261118)
    seeds = target.seeds()
    for data in [seeds[0], b"", *(changed(chance, seeds) for _ in range(_TIMES.get(name, 100)))]:
        target.run(data)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_stays_mended(path: Path) -> None:
    """A file is named after its target and what was wrong with it: `payload.event-is-a-list`."""
    TARGETS[path.name.split(".")[0]].run(path.read_bytes())
