"""Processes that read: one that is killed, one that runs into an error, and nobody left."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from diagnostics.logs import readers
from diagnostics.logs.answer import find
from diagnostics.logs.parts import Outcome, Part, plan, read_part
from diagnostics.logs.readers import Readers
from diagnostics.logs.tally import EVERYTHING
from tests.logs.reading import generated, write
from tests.logs_generator import Plan

_SIZE = 8 << 10


@pytest.fixture
def log(tmp_path: Path) -> list[Part]:
    """A log of some ten parts."""
    names = write(tmp_path, generated(Plan(size=100_000, seed=11))[0])
    files = [(known.source, known.layout) for known in find(names).logs]
    found = list(plan(files, EVERYTHING, _SIZE))
    assert len(found) > 8
    return found


def _kill(living: Sequence[multiprocessing.process.BaseProcess]) -> None:
    for process in living:
        process.kill()
        process.join()


def _told(outcome: Outcome | None) -> tuple[int, dict[int, int]]:
    assert outcome is not None
    return outcome.scan.read, outcome.scan.lines


@pytest.mark.parametrize("killed", [0, 1, 2])
def test_what_a_killed_process_left_is_read_all_the_same(log: list[Part], killed: int) -> None:
    before = set(multiprocessing.active_children())
    reading = Readers(log, 3)
    begun = [each for each in multiprocessing.active_children() if each not in before]
    assert len(begun) == 2
    _kill(begun[:killed])
    found = list(reading.outcomes(None))
    assert [part for part, _ in found] == log
    assert [_told(outcome) for _, outcome in found] == [_told(read_part(part)) for part in log]


def test_an_error_in_a_process_is_raised_here(log: list[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def fails(part: Part, stop: Callable[[], bool] | None = None) -> Outcome:
        if os.getpid() != here:
            raise MemoryError(part.start)
        return read_part(part, stop)

    monkeypatch.setattr(readers, "read_part", fails)
    reading = Readers(log, 2)
    with pytest.raises(MemoryError):
        list(reading.outcomes(None))


def test_whoever_stops_gets_what_was_read_until_then(log: list[Part]) -> None:
    asked = iter([False] * 3)
    found = list(Readers([replace(part) for part in log], 2).outcomes(lambda: next(asked, True)))
    assert found[-1][1] is None
    assert all(outcome is not None for _, outcome in found[:-1])
