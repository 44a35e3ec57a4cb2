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

from diagnostics.log_forms import FAILED_EVENTS, REPLY_NUMBER
from diagnostics.logs.layout import Kind, Layout
from diagnostics.patterns import Pattern, linear

Hit = tuple[int, int, int]
"""A literal's number, and where it begins and ends."""

OPENED: Final = 0
QUIT: Final = 1
LEFT: Final = 2
TAKEN: Final = 4
LAST_USUAL: Final = 5
"""The literals that most hits are, by number: it opened, QUIT, this side closed it, the other side did, a message was taken (two
forms). They begin with the event, OPENED with the comma before it, QUIT with the comma behind it."""
CLOSED: Final = 1
RESOLVED: Final = 2
"""The literals that most hits in a connectivity log are: OPENED, it ended, DNS answered."""

# Accepted messages: Exchange says 2.6.0, Postfix "queued as", Exim "OK id=", Google "2.0.0 OK" and a number.
_REPLIES: Final = ("4", "5", "250 2.0.0")
# A note that tells a failure begins with a reply's number, or holds one of two words.
_ANYWHERE: Final = ("ueued", "K id=", "k id=", "ailed", "rror")
_SIDES: Final = ("Remote", "Local")  # who closed it
_BEFORE_NOTES: Final = ("", ",", '"', ",,", ',"', '",', '""')
# The words of `log_forms.troubled`, whatever case they begin with.
_TROUBLED: Final = (
    "fail", "Fail", "rror", "ejected", "efused", "bruptly", "imed ", "imeout", "ot active", "ot Active", "ropped", "nreachable",
    "eset", "etry",
)  # fmt: skip
DELIVERED_EVENTS: Final = frozenset({"SEND", "SENDEXTERNAL", "DELIVER"})
"""Events of the tracking log that end a message's way well."""
_EVENTS: Final = sorted(FAILED_EVENTS | DELIVERED_EVENTS)

_ROW: Final = b"2"  # every row begins with its time
_FURTHEST: Final = 30  # columns before the time
_CELL: Final = '(?:"(?:[^"\\n]|"")*"|[^",\\n][^,\\n]*|)'


def hits(text: bytes, layout: Layout) -> list[Hit] | None:
    """Where something stands that may matter, in rising order, several on one line at times; None when every line may.

    `text` begins at a line and ends with a line feed. Of every line that begins no row there is one. Costs linear time.
    """
    if not 0 <= layout.places[0] <= _FURTHEST:
        return None
    found: list[Hit] = _literals(layout.kind, usual=layout.usual).find_matches_as_indexes(text)
    more = _no_literals(layout.places[0], quoted=not layout.usual, replies=layout.kind == "connectivity-log")
    # The last character matched stands on the line that is meant; an empty line is matched without any.
    lasts = [max(match.end() - 1, match.start()) for match in more.finditer(text)]
    if text[:1] != _ROW or not layout.usual:  # literals that begin with a line feed miss the first line
        lasts.append(0)
    odd = [(-1, last, last + 1) for last in lasts]
    if odd:
        found += odd
        found.sort(key=lambda hit: hit[1])
    return found


@cache
def _no_literals(time: int, *, quoted: bool, replies: bool) -> Pattern:
    """Lines that begin no row, where the time stands in column `time` and may be `quoted`, and a reply's number if it is asked
    for."""
    if time:
        short = f"(?m)^(?:{_CELL},){{0,{time - 1}}}{_CELL}$"
        none = r'(?:[^"2\r\n]|"[^2\n])' if quoted else r"[^2\r\n]"
        odd = f"(?m)^(?:{_CELL},){{{time}}}{none}|{short}"
    else:
        odd = r"\n[^2\r\n]"
    return linear((f"{odd}|{REPLY_NUMBER}" if replies else odd).encode())


@cache
def _literals(kind: Kind, *, usual: bool) -> BytesAhoCorasick:
    """Those of a kind of log, in the usual columns or in any."""
    if kind == "tracking-log":
        names = [each for event in _EVENTS for each in _cell(event)]
    elif kind == "connectivity-log":
        words = [each for word in _TROUBLED for each in (word, word.upper())]
        first = (",+,", ",-,", "server returned ")
        names = [*first, *words] if usual else [*_cell("+"), *_cell("-"), "server returned ", *words]
    else:
        names = _usual_smtp("<" if kind == "smtp-send-log" else ">") if usual else _any_smtp()
    # Of matches that overlap, the first is enough: they stand on one line. This kind has the vector search.
    return BytesAhoCorasick([name.encode() for name in names], matchkind=MatchKind.LeftmostFirst)


def _usual_smtp(answers: str) -> list[str]:
    """`answers` is the event of what the server says."""
    known = (",+,", ",QUIT", "-,,Local", "-,,Remote", f"{answers},250 2.6.0", f'{answers},"250 2.6.0')
    replies = (f"{answers},{quote}{reply}" for quote in ("", '"') for reply in _REPLIES)
    notes = (f"*,{before}{digit}" for before in _BEFORE_NOTES for digit in "45")
    closed = [f",{side}{behind}" for side in _SIDES for behind in ("\r\n", "\n", ",")]
    return [*known, *_ANYWHERE, *closed, *replies, *notes]


def _any_smtp() -> list[str]:
    """Where the event need not stand before what was said, a cell that begins like a reply may be one."""
    begins = (f"{before}{word}" for before in ',"\n' for word in ("4", "5", "QUIT"))
    closed = (f"{side}{behind}" for side in _SIDES for behind in ',"\r\n')
    return [*_cell("+"), *begins, *closed, *_ANYWHERE, "250 2.6.0", "250 2.0.0"]


def _cell(word: str) -> list[str]:
    """The forms of a cell that holds a word, wherever in its row it stands."""
    return [f",{word},", f'"{word}"', f"\n{word},", f",{word}\r", f",{word}\n"]
