"""Telling whoever measures it what the work in hand came to. Nothing that somebody pasted is told.

The listener belongs to the task, so that a diagnosis deep down needs no argument for it; what runs without one is not measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from handlers.ports.cases import Part
from handlers.ports.feedback import Vote
from handlers.ports.telemetry import Telemetry

if TYPE_CHECKING:
    from diagnostics.report import Report

_telemetry: ContextVar[Telemetry | None] = ContextVar("telemetry", default=None)


@contextmanager
def told_to(telemetry: Telemetry) -> Iterator[None]:
    """What is done inside is told to `telemetry`."""
    token = _telemetry.set(telemetry)
    try:
        yield
    finally:
        _telemetry.reset(token)


def diagnosing() -> AbstractContextManager[None]:
    """Goes around one diagnosis."""
    telemetry = _telemetry.get()
    return telemetry.diagnosing() if telemetry else nullcontext()


def concluded(report: Report) -> None:
    """This is what an answer says. Of several for one delivery, the last one counts."""
    if telemetry := _telemetry.get():
        telemetry.concluded(report)


def answered(part: Part) -> None:
    """Slack has a part of the answer, for the first time."""
    if telemetry := _telemetry.get():
        telemetry.answered(part)


def voted(vote: Vote) -> None:
    """Somebody said whether an answer was right, or what it was in the end."""
    if telemetry := _telemetry.get():
        telemetry.voted(vote)
