"""What a kilobyte of a hostile text costs, by the size of the whole."""

from __future__ import annotations

import time
from typing import Final

from diagnostics import diagnose
from handlers.blocks import answer, details
from handlers.intake import submission
from tests.fuzz.families import FAMILIES

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def read(text: str) -> None:
    """All that is done with a paste: taken in, diagnosed, and shown."""
    report = diagnose(submission(text).text)
    answer(report)
    details(report)


def cost(text: str, times: int) -> float:
    """Microseconds of this process for a character: the least of so many readings."""

    def once() -> float:
        began = time.process_time()
        read(text)
        return time.process_time() - began

    return min(once() for _ in range(times)) / len(text) * 1e6


def main() -> None:
    """Prints the cost of each family; raises SystemExit where it grows."""
    grown = []
    for name, family in FAMILIES.items():
        read(family(SIZES[0]))
        costs = [cost(family(size), 3 if size < 100_000 else 1) for size in SIZES]
        print(f"{name:26}", *(f"{each:8.3f}" for each in costs), " µs a character", flush=True)
        if costs[-1] > 2.5 * costs[2] + 0.1:
            grown.append(name)
    if grown:
        raise SystemExit(f"The cost of a character grows with the text: {', '.join(grown)}.")


if __name__ == "__main__":
    main()
