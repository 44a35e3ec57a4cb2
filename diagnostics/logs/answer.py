"""Large logs in, one report out: what the command line and a job of the bot call.

Imports little, so that the processes that read begin at once and need no more than that themselves; what judges is loaded
while they read.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from diagnostics.logs.finding import Found, find
from diagnostics.logs.reading import Progress, read
from diagnostics.logs.tally import EVERYTHING, Only

if TYPE_CHECKING:
    from diagnostics.logs.summary import Answer
    from diagnostics.report import Report

__all__ = ["Found", "answer", "find", "read_logs", "warm"]


def answer(
    found: Found,
    only: Only | None = None,
    *,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Report:
    """The report of `read_logs`."""
    return read_logs(found, only, workers=workers, progress=progress, stop=stop).report


def read_logs(
    found: Found,
    only: Only | None = None,
    *,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Answer:
    """Read the logs, and judge what failed in them.

    `workers` processes read at the same time. `progress` is told what was done; once `stop` says True, the report is about what
    was read until then. Memory does not depend on the size of the logs. No clock, nothing written anywhere.
    """
    files = [(known.source, known.layout) for known in found.logs]
    with _uncollected():
        outcome = read(files, only or EVERYTHING, workers=workers, progress=progress, stop=stop, meanwhile=warm)
        from diagnostics.logs.summary import summed_up  # see above

        return summed_up(found, outcome, workers=workers)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No looking for cycles meanwhile: a scan makes none, and loading makes tens of thousands of objects that stay."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def warm() -> None:
    """Load what judges: as long as reading 100 MB, and time enough while others read."""
    from diagnostics.logs import summary  # see above

    summary.warm()
