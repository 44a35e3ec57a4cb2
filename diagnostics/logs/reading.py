"""Reading all parts of all files, one after the other or in several processes, and adding them up in the order of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from diagnostics.logs.layout import Layout
from diagnostics.logs.parts import RANGE, Outcome, Part, plan, read_part
from diagnostics.logs.readers import Readers
from diagnostics.logs.scan import Scan
from diagnostics.logs.sources import Source
from diagnostics.logs.tally import Only


class Progress(Struct, frozen=True):
    """Bytes on disk that were read, and that there are."""

    done: int
    total: int


class Read(Struct):
    """All that was read. `complete` is False where reading was stopped."""

    scan: Scan
    size: int = 0
    complete: bool = True
    problems: list[str] = field(default_factory=list)


def read(
    files: Sequence[tuple[Source, Layout]],
    only: Only,
    *,
    workers: int = 1,
    size: int = RANGE,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Read:
    """Read files, in the order of the log. `size` is what one part has, in bytes.

    `meanwhile` is called while other processes read, and not at all where there are none.
    """
    total = sum(source.size for source, _ in files)
    parts = list(plan(files, only, size))
    first = files[0][1] if files else Layout.of("smtp-send-log")
    result = Read(Scan(first, only, whole=True))
    expected: dict[int, Layout] = {}
    if workers < 2 or len(parts) < 2:
        outcomes = _one_by_one(parts, stop, _within(result, total, progress))
    else:
        outcomes = _side_by_side(parts, min(workers, len(parts)), stop, meanwhile)
    for part, outcome in outcomes:
        if outcome is None:
            result.complete = False
            break
        layout = expected.get(part.file, part.layout)
        # Comment lines in an earlier part may have changed what the columns of this one mean.
        right = outcome if layout == part.layout else read_part(replace(part, layout=layout), stop)
        expected[part.file] = right.scan.layout
        result.scan.follow(right.scan)
        result.size += right.size
        result.problems += [right.problem] if right.problem else []
        if progress is not None:
            progress(Progress(result.size, total))
    result.scan.close()
    return result


def _within(result: Read, total: int, progress: Callable[[Progress], None] | None) -> Callable[[int], None] | None:
    """Progress within a part: one packed file may take minutes."""
    return progress and (lambda read: progress(Progress(min(result.size + read, total), total)))


def _one_by_one(
    parts: Sequence[Part], stop: Callable[[], bool] | None, tell: Callable[[int], None] | None
) -> Iterator[tuple[Part, Outcome | None]]:
    for part in parts:
        if stop is not None and stop():
            yield part, None
            return
        outcome = read_part(part, stop, tell)
        yield part, outcome
        if stop is not None and stop():
            yield part, None
            return


def _side_by_side(
    parts: Sequence[Part],
    workers: int,
    stop: Callable[[], bool] | None,
    meanwhile: Callable[[], None] | None,
) -> Iterator[tuple[Part, Outcome | None]]:
    readers = Readers(parts, workers)
    if meanwhile is not None:
        meanwhile()
    yield from readers.outcomes(stop)
