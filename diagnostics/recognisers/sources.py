"""Where a fact was read, told from a reading's line index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.facts import Source
from diagnostics.recognisers import Reading
from diagnostics.recognisers.wrapping import rejoined

_LONGEST: Final = 8_000  # characters


def source_at(reading: Reading, line: int) -> Source:
    """The source for the 0-based `line` of `reading`, quoted as it was typed; an endless line is cut."""
    return Source(line + 1, reading.paste.raw[line][:_LONGEST].strip(), reading.paste.index)


def source_of(reading: Reading, lines: Sequence[int]) -> Source:
    """The source for a line that something broke into the 0-based `lines`, quoted as it was before."""
    return Source(
        lines[0] + 1, rejoined([reading.paste.raw[line] for line in lines])[:_LONGEST].strip(), reading.paste.index
    )
