"""The answers of `mailflow diagnose` and `mailflow explain` on a terminal, or as plain text in a pipe.

Pasted text was cleaned on its way into the outline: a log with escape sequences in it can't drive the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from diagnostics.report import Report
from handlers.blocks.outline import Line, Part, as_text, rows
from handlers.blocks.sections import outline

if TYPE_CHECKING:
    from rich.text import Text

    from diagnostics.checks.model import CheckReport
    from diagnostics.codes.model import Explanation

_STYLES: Final = {
    "title": "bold reverse",
    "heading": "bold underline",
    "text": "",
    "bullet": "",
    "quote": "yellow",
    "command": "bold cyan",
    "aside": "dim",
    "link": "blue",
    "jump": "blue",
}


def render(report: Report, *, width: int, colour: bool) -> str:
    """The whole answer, nothing folded, ending in a line feed.

    Prose is wrapped at `width` columns, 0 for not at all. A command begins in the first column and is never wrapped or
    shortened, so that it can be copied. Without `colour` there is no escape sequence in the text.
    """
    return _render(outline(report, full=True), width, colour)


def render_explanation(explanation: Explanation, *, width: int, colour: bool) -> str:
    """As `render`, for what a code means."""
    from handlers.blocks.explanation import explanation_outline  # `diagnose` needs no code tables

    return _render(explanation_outline(explanation), width, colour)


def render_check(report: CheckReport, *, width: int, colour: bool) -> str:
    """As `render`, for a check."""
    from handlers.blocks.check import check_outline  # neither `diagnose` nor `explain` needs it

    return _render(check_outline(report, full=True), width, colour)


def _render(parts: Sequence[Part], width: int, colour: bool) -> str:
    if not colour:
        return as_text(parts, width=width)
    import io  # beside its only user

    from rich.console import Console  # a pipe needs no rich, and must not wait for its import

    out = io.StringIO()
    # An injected stream tells rich nothing about the terminal, so everything that it would guess is said here.
    console = Console(
        file=out,
        force_terminal=True,
        color_system="standard",
        width=max(width, 20),
        legacy_windows=False,
        no_color=False,
    )
    for number, group in enumerate(parts):
        if number:
            out.write("\n")
        for item in group.lines:
            for row in _styled(item, width):
                console.print(row, soft_wrap=True)
    return out.getvalue()


def _styled(item: Line, width: int) -> Iterator[Text]:
    from rich.text import Text  # see above

    for number, row in enumerate(rows(item, width)):
        text = Text(row, style=_STYLES[item.role])
        if number == 0 and item.lead:
            start = row.find(item.lead)
            if start >= 0:
                text.stylize("bold", start, start + len(item.lead))
        yield text
