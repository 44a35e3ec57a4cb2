"""How texts are compared: case and white space do not count, numbers and words have edges."""

from __future__ import annotations

from string import punctuation

from diagnostics.text import glued

_BLANKS = str.maketrans(dict.fromkeys(punctuation, " "))


def fold(text: str) -> str:
    """Lower case, every run of white space one space."""
    return " ".join(text.split()).casefold()


def words(folded: str) -> list[str]:
    """The words of a text, without the marks between them."""
    return folded.translate(_BLANKS).split()  # on a reply, twenty times faster than a pattern


def contains(text: str, parts: tuple[str, ...]) -> bool:
    """Whether all `parts` occur in `text`, one after the other. Both are folded already."""
    at = 0
    for part in parts:
        at = _end(text, part, at)
        if at < 0:
            return False
    return True


def _end(text: str, part: str, start: int) -> int:
    """Where `part` ends in `text` at or after `start`, -1 when it is not there as a whole."""
    at = text.find(part, start)
    while at >= 0:
        end = at + len(part)
        if _starts_cleanly(text, at) and _ends_cleanly(text, end):
            return end
        at = text.find(part, at + 1)
    return -1


def _starts_cleanly(text: str, at: int) -> bool:
    """A number or word must begin here: "5.1.1" is not in "15.1.1", nor "PRX1" in "XPRX1"."""
    if at == 0 or not text[at].isalnum():
        return True
    before = text[at - 1]
    return not glued(before) and not (before == "." and text[at].isdigit())


def _ends_cleanly(text: str, end: int) -> bool:
    """A number must end here: "5.1.1" is not in "5.1.10". A word may go on: "greylist" is in "greylisting"."""
    if end >= len(text) or not text[end - 1].isdigit():
        return True
    after = text[end : end + 2]
    return not (after[0].isdigit() or (after[0] == "." and after[1:].isdigit()))
