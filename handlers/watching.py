"""Telling whoever measures it what the work in hand came to. Nothing that somebody pasted is told.

The listener belongs to the task, so that a diagnosis deep down needs no argument for it; what runs without one is not measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from handlers.ports import Part, Watch

if TYPE_CHECKING:
    from diagnostics.report import Report

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """What is done inside is told to `watch`."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


def diagnosing() -> AbstractContextManager[None]:
    """Goes around one diagnosis."""
    watch = _watch.get()
    return watch.diagnosing() if watch else nullcontext()


def concluded(report: Report) -> None:
    """This is what an answer says. Of several for one delivery, the last one counts."""
    if watch := _watch.get():
        watch.concluded(report)


def answered(part: Part) -> None:
    """Slack has a part of the answer, for the first time."""
    if watch := _watch.get():
        watch.answered(part)
