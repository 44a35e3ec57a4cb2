"""Active checks, by what somebody typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from diagnostics.checks import Attempt, CheckReport


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a check, and where."""

    team: str
    user: str
    channel: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to. `age` is in seconds where somebody had asked the same before; None for a check of its own."""

    report: CheckReport
    age: float | None = None


class CheckRefusedError(Exception):
    """The check was not made; the text is one sentence that says why and what to do."""


class Checks(Protocol):
    async def run(self, text: str, asker: Asker, progress: Callable[[Attempt], None]) -> CheckResult:
        """Checks the target that `text` names; `progress` gets each look as it ends.

        Raises diagnostics.checks.TargetError for what is no target, CheckRefusedError for what is not allowed now.
        """
