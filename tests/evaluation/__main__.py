"""Print the score: shares in percent, and every miss."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.evaluation.samples import own, read
from tests.evaluation.scoring import Ratio, Slice, Tally, scored

_BELIEFS = ("confirmed", "likely", "possible")
_COLUMNS = ("first", "three", "separates", "settled", "act", "mentions")


def _share(ratio: Ratio) -> str:
    return f"{100 * ratio.right / ratio.total:.0f}" if ratio.total else "-"


def _line(name: str, part: Slice) -> str:
    cells = "".join(f"{_share(getattr(part, column)):>11}" for column in _COLUMNS)
    return f"{name:30}{part.incidents:8.1f}{cells}"


def _precision(name: str, ratios: dict[str, Ratio], order: tuple[str, ...]) -> None:
    for key in order:
        if key in ratios:
            print(f"{f'{key} {name}':30}{ratios[key].total:8.1f}{_share(ratios[key]):>11}")


def show(tally: Tally) -> None:
    print(f"{'':30}{'count':>8}" + "".join(f"{column:>11}" for column in _COLUMNS))
    for name in sorted(tally.slices, key=lambda name: (name != "all", name)):
        print(_line(name, tally.slices[name]))
    _precision("first findings, right", tally.leading, _BELIEFS)
    _precision("findings of all, right", tally.beliefs, _BELIEFS)
    _precision("texts, left alone", tally.harmless, ("silent", "healthy"))
    print(*(f"  {miss}" for miss in tally.misses), sep="\n")


if __name__ == "__main__":
    show(scored(read(Path(sys.argv[1])) if len(sys.argv) > 1 else own()))
