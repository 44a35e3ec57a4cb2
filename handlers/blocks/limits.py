"""Slack's limits in one place, and cutting text to fit them.

From https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/reference/methods/chat.postMessage.
`MESSAGE` isn't documented: messages have been refused from 11,300 characters of blocks on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

BLOCKS: Final = 25  # Slack takes 50; nobody reads them
MESSAGE: Final = 9_800  # characters of all blocks, as JSON on the wire
HEADER: Final = 150
CONTEXT: Final = 1_500  # of one element; Slack takes 3,000
TEXT: Final = 3_800  # UTF-8 bytes of the plain text beside the blocks; an edit fails above 4,000
BUTTON: Final = 75
URL: Final = 3_000
COMMAND: Final = 2_500  # a longer one goes into a file: a shortened command is a wrong command
QUOTE: Final = 300
PARAGRAPH: Final = 1_000


def units(text: str) -> int:
    """Length in UTF-16 code units, the strictest way in which a limit may be counted."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def clip(text: str, limit: int) -> str:
    """`text` in at most `limit` UTF-16 units, with `…` where something is missing. Cuts between characters only."""
    if len(text) * 2 <= limit or units(text) <= limit:
        return text
    left = limit - 1
    for position, char in enumerate(text):
        left -= 2 if ord(char) > 0xFFFF else 1
        if left < 0:
            return text[:position].rstrip() + "…"
    return text


def clip_escaped(text: str, limit: int) -> str:
    """As `clip`, for text in which `& < >` are entities: none of them is cut in half."""
    return text if units(text) <= limit else _ended(clip(text, limit)[:-1])


def clip_beside(text: str) -> str:
    """As `clip_escaped`, in at most `TEXT` bytes of UTF-8: a letter of Chinese has three, and is one unit."""
    encoded = text.encode()
    return text if len(encoded) <= TEXT else _ended(encoded[: TEXT - len("…".encode())].decode(errors="ignore"))


def _ended(cut: str) -> str:
    """What was cut, without half an entity at its end, and `…`."""
    start = cut.rfind("&")
    whole = start < 0 or ";" in cut[start:]
    return (cut if whole else cut[:start]).rstrip() + "…"


def size(blocks: Sequence[dict[str, Any]]) -> int:
    """Characters of `blocks` as they go over the wire."""
    return len(json.dumps(list(blocks)))
