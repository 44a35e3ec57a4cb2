"""The steps of one suspect: what to do, in which shell, what that changes, how to undo and verify it."""

from __future__ import annotations

from typing import Final

from diagnostics.report import Step, Suspect
from handlers.blocks import words
from handlers.blocks.outline import Line, Part, line, part

_SHOWN: Final = 4  # of more; a list of one step more than that is shown whole
_CHECKS: Final = 3


def parts(suspect: Suspect, *, full: bool, named: bool = False) -> list[Part]:
    """One Part a step, kept in order. `named` puts the suspect's title above them."""
    shown = suspect.steps if full else suspect.steps[: _unfolded(suspect)]
    above = "If it is this" if suspect.belief == "possible" else "Do this, in this order"
    if named:
        above = f"{words.BELIEF[suspect.belief]}: {suspect.title}"
    return [
        group
        for number, step in enumerate(shown, 1)
        for group in part(
            [*([line("heading", above)] if number == 1 else []), *lines(number, step)],
            rank=3,
            chain=f"steps of {suspect.cause}",
        )
    ]


def folded(suspect: Suspect) -> int:
    """How many steps the short answer leaves out."""
    return len(suspect.steps) - _unfolded(suspect)


def _unfolded(suspect: Suspect) -> int:
    """A mere possibility shows its checks only: nobody should repair what may not be broken."""
    count = len(suspect.steps)
    if suspect.belief == "possible":
        checks = next((i for i, step in enumerate(suspect.steps) if step.effect != "read-only"), count)
        return min(checks, _CHECKS)
    return count if count <= _SHOWN + 1 else _SHOWN


def lines(number: int, step: Step) -> list[Line]:
    """One step: what to do, where it runs and what that changes, the command, its undo and its proof."""
    return [
        line("text", step.say or "Run this.", lead=f"{number}."),
        line("aside", _label(step)),
        line("command", step.command),
        line("text", step.changes, lead="Changes:"),
        line("text", step.undo, lead="Undo:"),
        line("text", step.verify, lead="Verify:"),
    ]


def _label(step: Step) -> str:
    """Where the command runs and what it does to the system."""
    if step.command.strip():
        return f"{words.SHELL[step.shell]} · {words.EFFECT[step.effect]}"
    return "" if step.effect == "read-only" else words.EFFECT[step.effect]
