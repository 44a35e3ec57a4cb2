"""The visible text of HTML, as it stands on a page. Linear time."""

from __future__ import annotations

import html
from collections.abc import Iterator

from diagnostics.patterns import linear
from diagnostics.text import squeezed

_BREAK = linear(r"(?i)<br\b[^<>]*>|</(?:p|div|tr|h[1-6]|li|table|pre)\s*>|\n")
_TAG = linear(r"<[^<>]*>")
_INVISIBLE = linear(r"(?is)<style\b.*?</style\s*>|<script\b.*?</script\s*>|<head\b.*?</head\s*>|<!--.*?-->")


def visible(text: str) -> Iterator[tuple[int, str]]:
    """One line for each block element, with the 0-based line of `text` that it stands on.

    A line break in HTML is a space, but a line of its own keeps each text beside the line it came from.
    """
    shown = _INVISIBLE.sub(lambda found: "\n" * found.group(0).count("\n"), text)
    for index, line in enumerate(shown.split("\n")):
        for piece in _BREAK.split(line):
            yield index, squeezed(html.unescape(_TAG.sub(" ", piece)))
