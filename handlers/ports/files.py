"""Files of a message, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file of a message, as Slack describes it. `size` is in bytes."""

    id: str
    name: str
    url: str
    mimetype: str = ""
    size: int = 0


class Files(Protocol):
    async def fetch(self, team: str, file: SlackFile) -> bytes:
        """The content of a file that a workspace showed us. Raises FileRefusedError with a sentence for whoever uploaded it."""


class FileRefusedError(Exception):
    """The file was not read; the text is one sentence that says why and what to do."""
