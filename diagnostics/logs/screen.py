"""Which lines of a stretch of log are worth reading, found without looking at the others.

An SMTP session has some thirty rows, and three or four of them decide it: it opened, what was refused, it ended. Those hold
one of a few dozen literals, which are searched for all at once, with vector instructions (the Teddy algorithm of the
aho-corasick library): 250 MB take a tenth of a second. The screen lets too much through, never too little; the row itself
is read by who asked.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from diagnostics.log_forms import FAILED_EVENTS
from diagnostics.logs.layout import Kind, Layout
from diagnostics.patterns import linear

Hit = tuple[int, int, int]
"""A literal's number, and where it begins and ends."""

OPENED: Final = 0
QUIT: Final = 1
TO_EVENT: Final = (0, 2, 1, 1, 1)
"""The literals that most hits are, by number: it opened, QUIT, the other side closed it, a message was taken (twice). Of each
how far it begins behind the comma before the event's column."""

# Accepted messages: Exchange says 2.6.0, Postfix "queued as", Exim "OK id=", Google "2.0.0 OK" and a number.
_REPLIES: Final = ("4", "5", "250 2.0.0")
# A note that tells a failure begins with a reply's number, or holds one of two words.
_ANYWHERE: Final = ("ueued", "K id=", "k id=", "ailed", "rror", ",Remote\r\n", ",Remote\n")
_BEFORE_NOTES: Final = ("", ",", '"', ",,", ',"', '",', '""')
DELIVERED_EVENTS: Final = frozenset({"SEND", "SENDEXTERNAL", "DELIVER"})
"""Events of the tracking log that end a message's way well."""

_NO_ROW = linear(rb"\n[^2\r\n]")
_ROW: Final = b"2"  # every row begins with its time


def hits(text: bytes, layout: Layout) -> list[Hit] | None:
    """Where something stands that may matter, in rising order, several on one line at times; None when every line may.

    `text` begins at a line and ends with a line feed. Of every line that begins no row there is one. Costs linear time.
    """
    if not layout.usual or layout.kind == "connectivity-log":
        return None
    found: list[Hit] = _literals(layout.kind).find_matches_as_indexes(text)
    odd = [(-1, match.start() + 1, match.start() + 1) for match in _NO_ROW.finditer(text)]
    if text[:1] != _ROW:
        odd.append((-1, 0, 0))
    if odd:
        found += odd
        found.sort(key=lambda hit: hit[1])
    return found


@cache
def _literals(kind: Kind) -> BytesAhoCorasick:
    if kind == "tracking-log":
        names = [f"{before}{event}{behind}" for event in _EVENTS for before, behind in ((",", ","), ('"', '"'))]
    else:
        answers = "<" if kind == "smtp-send-log" else ">"
        known = (",+,", ",QUIT", "-,,Remote", f"{answers},250 2.6.0", f'{answers},"250 2.6.0')
        replies = (f"{answers},{quote}{reply}" for quote in ("", '"') for reply in _REPLIES)
        notes = (f"*,{before}{digit}" for before in _BEFORE_NOTES for digit in "45")
        names = [*known, *_ANYWHERE, *replies, *notes]
    # Of matches that overlap, the first is enough: they stand on one line. This kind has the vector search.
    return BytesAhoCorasick([name.encode() for name in names], matchkind=MatchKind.LeftmostFirst)


_EVENTS: Final = sorted(FAILED_EVENTS | DELIVERED_EVENTS)
