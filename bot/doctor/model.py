"""What the doctor says of one thing, and what its looks have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import aiohttp

    from bot.settings import Settings

Verdict = Literal["ok", "note", "warning", "fault"]
"""`note`: nothing to mend, or it could not be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `says` is how it stands, `mend` what to do about it; "" for nothing. Both are plain
    sentences and hold no secret."""

    check: str
    verdict: Verdict
    says: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: the settings as far as they are right, and a session for HTTP."""

    settings: Settings
    session: aiohttp.ClientSession


@dataclass(frozen=True, slots=True)
class Look:
    """Some findings of the same source; `name` is what they are called when it can't be looked at."""

    name: str
    findings: Callable[[Subject], AsyncIterator[Finding]]


def ago(seconds: float) -> str:
    """A time span in words: "3 min"."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
