"""What a story that a person tells comes to: its cause is possible, as nothing but words speaks for it."""

from __future__ import annotations

from diagnostics.cause import Belief, Finding
from diagnostics.mail_facts import Told
from diagnostics.report import Act, Step


def told_as(
    name: str, told: Told, because: str, steps: tuple[Step, ...], act: Act | None = None, *, weight: float
) -> Finding | None:
    """The finding where the story told is `name`; other stories are other causes'."""
    return Finding(Belief.POSSIBLE, because, (told,), steps, act, weight=weight) if told.story == name else None
