"""A check as text: what a case keeps of it, and what the engine reads (recognisers/check_record.py)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from diagnostics.checks.model import Attempt, Kind


def record(target: str, kind: Kind, attempts: Iterable[Attempt]) -> str:
    """One JSON object a line: the check, then its attempts."""
    head = json.dumps({"mailflow_check": target, "kind": kind})
    return "\n".join([head, *(attempt.model_dump_json() for attempt in attempts)]) + "\n"
