"""Large logs, which are read but not kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from handlers.ports.files import SlackFile

if TYPE_CHECKING:
    from diagnostics.report import Report


@dataclass(frozen=True, slots=True)
class LogProgress:
    """How far the work on large logs is: bytes that were fetched from Slack, or read, of `total`."""

    doing: Literal["fetching", "reading"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class LogReading:
    """What large logs came to. `text` holds the sessions that were judged, as a paste.

    `refusals` are sentences on files that were not read, `texts` the files that are no logs and small enough for a paste.
    """

    report: Report
    text: str
    refusals: tuple[str, ...] = ()
    texts: tuple[SlackFile, ...] = ()


class NoLogError(Exception):
    """Of the files none was read as a log; `refusals` and `texts` as in LogReading."""

    def __init__(self, refusals: Sequence[str], texts: Sequence[SlackFile] = ()) -> None:
        super().__init__("no log was read")
        self.refusals = tuple(refusals)
        self.texts = tuple(texts)


class Logs(Protocol):
    async def read(self, team: str, files: Sequence[SlackFile], progress: Callable[[LogProgress], None]) -> LogReading:
        """Fetches and reads large logs of a workspace; nothing of them stays. `progress` is told from where a file is known to
        be a log.

        Raises NoLogError, or what the network raises when it fails.
        """
