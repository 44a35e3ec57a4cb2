"""Failures of the systems that know who is on call, or page people."""

from __future__ import annotations


class AdapterError(Exception):
    """The text is half a sentence for people. `passes`: worth another try, `after` seconds where the system says so."""

    def __init__(self, why: str, *, passes: bool, after: float | None = None) -> None:
        super().__init__(why)
        self.passes = passes
        self.after = after
