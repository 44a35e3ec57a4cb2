"""Knows mail and Exchange. Knows no Slack, no database, no clock of its own.

from diagnostics import check, diagnose, explain, Report
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diagnostics.checks import Attempt, CheckReport, Options, Scope
    from diagnostics.codes import Explanation
    from diagnostics.network import Network
    from diagnostics.report import Report

__all__ = ["Report", "check", "diagnose", "explain"]


def __getattr__(name: str) -> Any:
    """`Report` on demand: whatever imports a module below this one need not wait for the models."""
    if name == "Report":
        from diagnostics.report import Report

        return Report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def diagnose(text: str, *, followups: Sequence[str] = ()) -> Report:
    """Judge a pasted text together with what was pasted after it in the same case.

    Pure: no I/O, no clock, safe in threads, never raises for any string. Costs linear time in the text.
    """
    from diagnostics.reporting import report_of  # keeps `explain` from loading the engine

    return report_of((text, *followups))


async def check(
    target: str,
    *,
    scope: Scope,
    network: Network | None = None,
    options: Options | None = None,
    progress: Callable[[Attempt], None] = lambda _attempt: None,
) -> CheckReport:
    """Look for real at a host or domain (`mail.contoso.com`, `contoso.com`, `203.0.113.9:25`), and say what was seen.

    `scope` says where it may connect; `network` defaults to the real one; `progress` gets each look when it is over.
    Raises checks.TargetError for what is no target; whatever else goes wrong is part of the report.
    """
    from diagnostics import checks  # keeps both others from loading them

    return await checks.check(target, scope=scope, network=network, options=options, progress=progress)


def explain(query: str) -> Explanation:
    """What a status code, Schannel error, event id, error token or cause id means. Never raises for any string."""
    from diagnostics.explaining import explained  # keeps `diagnose` from loading the explanations
    from diagnostics.text import encodable

    return explained(encodable(query))
