"""What a kilobyte of a hostile text costs, by the size of the whole."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

from diagnostics import diagnose
from handlers.blocks import answer, details
from handlers.intake import submission
from tests.casefile import Case
from tests.fuzz.families import FAMILIES

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
CASES: Final = Path(__file__).parents[1] / "cases"
MOST: Final = 4.6  # times the work for four times the text: what is paid once, and a list that is sorted
_OFTEN: Final = 60  # beyond what is judged at most of one kind: a storm is judged on its latest


def read(text: str) -> None:
    """All that is done with a paste: taken in, diagnosed, and shown."""
    report = diagnose(submission(text).text)
    answer(report)
    details(report)


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """What a piece of work takes of this process: the least of so many readings."""

    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(once() for _ in range(times))


def cost(text: str, times: int) -> float:
    """Microseconds of this process for a character: the least of so many readings."""
    return seconds(lambda: read(text), times) / len(text) * 1e6


def calls(text: str) -> int:
    """How many functions a diagnosis of `text` calls, Python's and C's."""
    count = 0

    def seen(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        diagnose(text)
    finally:
        sys.setprofile(before)
    return count


def repeated(case: Path) -> tuple[int, int]:
    """The calls for the first paste of a case so often, and for four times as often."""
    piece = Case.read(case).steps()[0][0][0] + "\n\n"
    diagnose(piece * _OFTEN)  # whatever has to be loaded is loaded
    return calls(piece * _OFTEN), calls(piece * _OFTEN * 4)


def main() -> None:
    """Prints the cost of each family and what grows of a hundred cases repeated; raises SystemExit where one grows."""
    grown = []
    for name, family in FAMILIES.items():
        read(family(SIZES[0]))
        costs = [cost(family(size), 3 if size < 100_000 else 1) for size in SIZES]
        print(f"{name:26}", *(f"{each:8.3f}" for each in costs), " µs a character", flush=True)
        if costs[-1] > 2.5 * costs[2] + 0.1:
            grown.append(name)
    for case in random.sample(sorted(CASES.rglob("*.md")), 100):
        few, many = repeated(case)
        if many > MOST * few:
            print(f"{case.stem}, repeated: {few} calls become {many}", flush=True)
            grown.append(case.stem)
    if grown:
        raise SystemExit(f"The cost of a character grows with the text: {', '.join(grown)}.")


if __name__ == "__main__":
    main()
