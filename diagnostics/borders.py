"""Word borders beside letters that ASCII has not.

For RE2 `\\b` stands where a letter of ASCII begins or ends a word. To it "über" begins with no letter, so that
`\\b(?:via|über)` never finds " über ", nor `(?:changé|moved)\\b` "changé ". Between two characters that are none of ASCII's
letters stands `\\B`: the border is written out for each alternative, as its own first (or last) letter needs it.
Ideographs are written without borders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

_BORDER: Final = r"\b"
_NONE: Final = r"\B"
_QUANTIFIERS: Final = ("?", "*", "+", "{")
_IDEOGRAPHS: Final = "\u3040"
# An escape, a class, what opens a group, or one character.
_TOKEN: Final = re.compile(r"(?s)\\(?:[xpP]\{[^}]*\}|.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)>]*[:)>]|.")
# Another letter at an end of an alternative, or beside a border; cheap, as most patterns have none there.
_CANDIDATE: Final = re.compile(r"(?:\\b|[(|:>])[^\x00-\x7f]|[^\x00-\x7f](?:\\b|[)|])")


class Group(Struct, frozen=True):
    """A group in brackets, with what opens it: `(`, `(?:`, `(?i:`, `(?P<name>`."""

    opens: str
    branches: tuple[tuple[str | Group, ...], ...]


def with_borders(pattern: str) -> str:
    """`pattern` with the borders beside other letters than ASCII's made right; most have none, and stay as they are."""
    if _BORDER not in pattern or pattern.isascii() or not _CANDIDATE.search(pattern):
        return pattern
    root = Group("", _branches(iter(_TOKEN.findall(pattern))))
    return _written(Group("", tuple(_mended(branch) for branch in root.branches)))[:-1]


def _branches(tokens: Iterator[str]) -> tuple[tuple[str | Group, ...], ...]:
    """The alternatives up to the bracket that closes this group."""
    found: list[list[str | Group]] = [[]]
    for each in tokens:
        if each == ")":
            break
        if each == "|":
            found.append([])
        elif each[0] == "(" and each[-1] != ")":  # `(?i)` is a flag
            found[-1].append(Group(each, _branches(tokens)))
        else:
            found[-1].append(each)
    return tuple(map(tuple, found))


def _mended(branch: tuple[str | Group, ...]) -> tuple[str | Group, ...]:
    items: list[str | Group] = [
        Group(each.opens, tuple(map(_mended, each.branches))) if isinstance(each, Group) else each for each in branch
    ]
    place = 0
    while place < len(items):
        if items[place] == _BORDER:
            ahead, behind = items[place + 1 : place + 2], items[place - 1 : place] if place else []
            if ahead and not _quantified(items, place + 1) and _foreign(ahead[0], 0):
                items[place : place + 2] = _put(ahead[0], 0)
            elif behind and _foreign(behind[0], -1):
                items[place - 1 : place + 1] = _put(behind[0], -1)
        place += 1
    return tuple(items)


def _quantified(items: list[str | Group], place: int) -> bool:
    following = items[place + 1] if place + 1 < len(items) else ""
    return isinstance(following, str) and following.startswith(_QUANTIFIERS)


def _foreign(item: str | Group, end: int) -> bool:
    """Whether the item begins (0) or ends (-1) with a letter that ASCII has not, in one of its alternatives at least."""
    if isinstance(item, Group):
        return any(branch and not _loose(branch, end) and _foreign(branch[end], end) for branch in item.branches)
    return len(item) == 1 and not item.isascii() and item.isalpha()


def _loose(branch: tuple[str | Group, ...], end: int) -> bool:
    """Whether what stands at this end may be left out or repeated: a quantifier is the last token, or the second."""
    at = branch[-1] if end else branch[1] if len(branch) > 1 else ""
    return isinstance(at, str) and at.startswith(_QUANTIFIERS)


def _put(item: str | Group, end: int) -> list[str | Group]:
    """The item with its border."""
    if isinstance(item, Group):
        return [Group(item.opens, tuple(_bordered(branch, end) for branch in item.branches))]
    border = "" if item >= _IDEOGRAPHS else _NONE
    return [border, item] if end == 0 else [item, border]


def _bordered(branch: tuple[str | Group, ...], end: int) -> tuple[str | Group, ...]:
    if branch and not _loose(branch, end) and _foreign(branch[end], end):
        inner = _put(branch[end], end)
        return (*inner, *branch[1:]) if end == 0 else (*branch[:-1], *inner)
    return (_BORDER, *branch) if end == 0 else (*branch, _BORDER)


def _written(group: Group) -> str:
    """The group as a pattern, with the bracket that closes it."""
    return f"{group.opens}{'|'.join(_joined(branch) for branch in group.branches)})"


def _joined(items: Iterable[str | Group]) -> str:
    return "".join(_written(each) if isinstance(each, Group) else each for each in items)
