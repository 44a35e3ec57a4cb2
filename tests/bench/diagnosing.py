"""Diagnosing pasted text in process."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median, quantiles

from msgspec.structs import replace

from diagnostics import diagnose
from diagnostics.book import Book
from diagnostics.cause import catalogue
from diagnostics.engine import judge
from tests.casefile import Case

_CASES = Path(__file__).parent.parent / "cases"


def _log(size: int) -> str:
    """A protocol log of at least `size` characters: failing sessions, each with its own id."""
    text = Case.read(_CASES / "tls" / "private-key-permission.md").steps()[1][0][1]
    head, _, rows = text.partition("#Fields:")
    fields, _, rows = rows.partition("\n")
    parts = [head, "#Fields:", fields, "\n"]
    number = 0
    while sum(map(len, parts)) < size:
        parts.append(rows.replace("08DE2A6B91C0F4A2", f"08DE2A6B91C0{number:04X}"))
        number += 1
    return "".join(parts)


def _milliseconds(text: str, runs: int) -> list[float]:
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        diagnose(text)
        found.append((time.perf_counter() - began) * 1000)
    return found


def _cases() -> list[float]:
    """The first text of each case once, as incidents come: none is like the one before."""
    texts = [Case.read(path).steps()[0][0][0] for path in sorted(_CASES.rglob("*.md"))]
    for text in texts:
        diagnose(text)
    return [each for text in texts for each in _milliseconds(text, 1)]


def _doubled(text: str) -> float:
    """The median with every cause there twice: what is not asked costs nothing."""
    causes = catalogue().values()
    book = Book.of([*causes, *(replace(each, id=f"{each.id}-again") for each in causes)])
    found = []
    for _ in range(200):
        began = time.perf_counter()
        judge((text,), book)
        found.append((time.perf_counter() - began) * 1000)
    return median(found)


def main() -> dict[str, float]:
    """Median and 99th percentile for 5 KB and for all cases, and the cost of each KB from 5 KB to 1 MB of log and of junk."""
    small = _log(5_000)[:5_500]
    diagnose(small)
    taken = _milliseconds(small, 500)
    figures = {
        "diagnose 5 KB, median ms": median(taken),
        "diagnose 5 KB, p99 ms": quantiles(taken, n=100)[98],
    }
    cases = _cases()
    figures["each case once, median ms"] = median(cases)
    figures["each case once, p99 ms"] = quantiles(cases, n=100)[98]
    figures["5 KB with twice the catalogue, ms"] = _doubled(small)
    for size in (5_000, 100_000, 1_000_000):
        for name, text in (("log", _log(size)), ("junk", ("550 5." * (size // 6 + 1))[:size])):
            best = min(_milliseconds(text, 3))
            figures[f"{name} of {size // 1000} KB, ms per KB"] = best / (len(text) / 1000)
    return figures
