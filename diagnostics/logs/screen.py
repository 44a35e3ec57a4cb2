"""Which lines of a stretch of log are worth reading, found without looking at the others.

An SMTP session has some thirty rows, and three or four of them decide it: it opened, what was refused, it ended. One pass for
each rare byte is several times faster than one pass with all patterns (memchr and RE2's prefix search against one byte at a
time), so what is searched begins with a byte that is rare in these logs. The screen lets too much through, never too
little: the row itself is read by who asked.
"""

from __future__ import annotations

from typing import Final

from diagnostics.logs.layout import Layout
from diagnostics.patterns import linear

# Accepted messages: Exchange says 2.6.0, Postfix "queued as", Exim "OK id=", Google "2.0.0 OK" and a number.
_REPLY: Final = r"(?:[45]\d\d|250 2\.[06]\.0 |250 [Oo][Kk] id=|250 [^,\n]{0,60}[Qq]ueued)"
_SENT = linear(rf"(?:<,|<,\"){_REPLY}".encode())
_RECEIVED = linear(rf"(?:>,|>,\"){_REPLY}".encode())
# A note that tells a failure begins with a reply's number, or holds one of two words.
_EITHER = tuple(linear(pattern) for pattern in (rb"\*,[,\"]{0,2}[45]\d\d", rb"ailed", rb"rror", rb"Remote\r?\n"))
_RARE: Final = ((b"+", b",+,"), (b"Q", b",QUIT"))
_NO_ROW = linear(rb"\n[^2\r\n]")


def candidates(text: bytes, layout: Layout) -> list[int]:
    """Where lines begin that may matter, in rising order, some of them twice. `text` begins at a line and ends with a line feed.

    Every line that begins no row is among them. Costs linear time.
    """
    if not layout.usual or layout.kind in ("tracking-log", "connectivity-log"):
        return _all(text)
    line_before = text.rfind
    found = [0] if text[:1] != b"2" else []
    found += [match.start() + 1 for match in _NO_ROW.finditer(text)]
    for pattern in (_SENT if layout.kind == "smtp-send-log" else _RECEIVED, *_EITHER):
        found += [line_before(b"\n", 0, match.start()) + 1 for match in pattern.finditer(text)]
    for byte, whole in _RARE:
        at = text.find(byte, 1)
        while at >= 0:
            if text.startswith(whole, at - 1):
                found.append(line_before(b"\n", 0, at) + 1)
            at = text.find(byte, at + 1)
    found.sort()  # made of rising runs, which is what this sort is fast at
    return found


def _all(text: bytes) -> list[int]:
    found = [0]
    at = text.find(b"\n")
    while -1 < at < len(text) - 1:
        found.append(at + 1)
        at = text.find(b"\n", at + 1)
    return found
