"""Knows mail and Exchange. Knows no Slack, no database, no clock of its own.

from diagnostics import diagnose, explain, Report
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diagnostics.report import Report

if TYPE_CHECKING:
    from diagnostics.codes import Explanation

__all__ = ["Report", "diagnose", "explain"]


def diagnose(text: str, *, followups: Sequence[str] = ()) -> Report:
    """Judge a pasted text together with what was pasted after it in the same case.

    Pure: no I/O, no clock, safe in threads, never raises for any string. Costs linear time in the text.
    """
    from diagnostics.reporting import report_of  # keeps `explain` from loading the engine

    return report_of((text, *followups))


def explain(query: str) -> Explanation:
    """What a status code, Schannel error, event id, error token or cause id means. Never raises for any string."""
    from diagnostics.explaining import explained  # keeps `diagnose` from loading the explanations
    from diagnostics.text import encodable

    return explained(encodable(query))
