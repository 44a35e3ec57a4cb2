"""What is measured while a delivery is dealt with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from handlers.ports.cases import Part
from handlers.ports.feedback import Vote

if TYPE_CHECKING:
    from diagnostics.report import Report


class Telemetry(Protocol):
    """Who measures what a delivery takes and comes to: see `handlers.telemetry`."""

    def diagnosing(self) -> AbstractContextManager[None]:
        """Goes around one diagnosis."""

    def concluded(self, report: Report) -> None:
        """An answer says this."""

    def answered(self, part: Part) -> None:
        """Slack has a part of the answer, for the first time."""

    def voted(self, vote: Vote) -> None:
        """Somebody said whether an answer was right, or what it was in the end."""
