"""Where a fact was read, told from a reading's line index."""

from __future__ import annotations

from diagnostics.facts import Source
from diagnostics.recognisers import Reading


def source_at(reading: Reading, line: int) -> Source:
    """The source for the 0-based `line` of `reading`, quoted as it was typed."""
    return Source(line + 1, reading.paste.raw[line].strip(), reading.paste.index)
