"""What the tests of large logs share: a log on disk, cut into files, and what was read of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from diagnostics.logs import parts
from diagnostics.logs.answer import find
from diagnostics.logs.layout import Kind
from diagnostics.logs.reading import read
from diagnostics.logs.scan import Scan
from diagnostics.logs.tally import Only, Tally
from tests.logs_generator import Log, Plan, Truth


def generated(plan: Plan) -> tuple[str, Truth]:
    """The text of a plan's log and the truth about it."""
    log = Log(plan, keep=True)
    text = "".join(log.lines())
    return text, log.truth


def write(folder: Path, text: str, cuts: Sequence[float] = ()) -> list[str]:
    """The text as one or more files; `cuts` are shares of its length, moved to the next line. Later files have a header too."""
    lines = text.splitlines(keepends=True)
    header = [line for line in lines[:5] if line.startswith("#")]
    rows = lines[len(header) :]
    places = [0, *sorted(int(share * len(rows)) for share in cuts), len(rows)]
    names = []
    for number, (start, end) in enumerate(pairwise(places)):
        path = folder / f"SEND{number}.LOG"
        path.write_text("".join([*header, *rows[start:end]]), newline="")
        names.append(str(path))
    return names


def scanned(names: Sequence[str], *, only: Only | None = None, size: int = parts.RANGE, block: int = 0) -> Scan:
    """Files read in ranges of `size` bytes and blocks of `block`."""
    found = find(names)
    files = [(known.source, known.layout) for known in found.logs]
    assert not found.problems
    if not block:
        return read(files, only or Only(), size=size).scan
    whole: Scan | None = None
    for part in parts.plan(files, only or Only(), size):
        scan = parts.read_part(replace(part, block=block)).scan
        if whole is None:
            whole = Scan(scan.layout, scan.only, whole=True)
        whole.follow(scan)
    assert whole is not None
    whole.close()
    return whole


def tally(scan: Scan, kind: Kind = "smtp-send-log") -> Tally:
    return scan.tallies[kind]
