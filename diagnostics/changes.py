"""What the last follow-up changed, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.facts import SessionChange
from diagnostics.judgement import Judgement
from diagnostics.report import Report
from diagnostics.seen import cured

_MOST: Final = 8


def changed(before: Report, after: Report, judgement: Judgement) -> tuple[str, ...]:
    """The differences between the report without and with the last paste; at most eight, most telling first."""
    return tuple(_changes(before, after, judgement))[:_MOST]


def _changes(before: Report, after: Report, judgement: Judgement) -> Iterator[str]:
    over = cured(judgement.facts)
    if over and before.verdict != "healthy":
        yield from _cure(over)
    old = {each.cause: each for each in before.findings}
    ruled_before = {each.cause for each in before.ruled_out}
    for each in after.findings:
        was = old.get(each.cause)
        if was is None and each.belief != "possible":
            yield f"Now {each.belief}: {each.title}."
        elif was is not None and was.belief != each.belief:
            yield f"{each.title}: {was.belief} before, {each.belief} now."
    still = {each.cause for each in after.findings}
    reasons: dict[str, list[str]] = {}
    for gone in sorted(after.ruled_out, key=lambda each: each.cause not in old):  # first what was open
        if gone.cause not in ruled_before and gone.cause not in still:
            reasons.setdefault(gone.because, []).append(gone.title)
    for because, titles in reasons.items():
        yield f"Ruled out: {'; '.join(titles)} ({because.rstrip('.')})."
    dropped = [each.title for each in before.findings if each.cause not in still | {r.cause for r in after.ruled_out}]
    if dropped and after.findings and not over:
        yield "No longer among the suspects: " + "; ".join(dropped) + "."
    if not any(artefact.paste == len(judgement.pastes) - 1 for artefact in after.artefacts):
        yield "The last text holds no artefact that could be read, so the judgement stands as it was."


def _cure(change: SessionChange) -> Iterator[str]:
    who, protocol = change.connector or "The connector", change.succeeded.protocol or "TLS"
    yield f"{who} works again: its latest session negotiated {protocol}."
    for what, old, new in change.differences:
        yield f"Since the failing session, {what} changed from {old} to {new}."
