"""The words and pairs of words by which texts are compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.resemblance.courtesy import without_courtesy
from diagnostics.resemblance.glossary import glossary
from diagnostics.text import IDEOGRAPHS

_INSIDE: Final = "._@"  # of a word: 5.7.26, cert_expired, anna@contoso.com
_IDENTIFIER: Final = 12  # hexadecimal digits: of a session, a message, a thumbprint


class _Parting(dict[int, str]):
    """For str.translate: letters and digits stay, ideographs stand alone, everything else parts words."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char.isalnum():
            return f" {char} " if char >= IDEOGRAPHS else char
        return char if char in _INSIDE else " "


_PARTING: Final = _Parting((code, _Parting()[code]) for code in range(128))


def features(lines: Iterable[str]) -> list[set[str]]:
    """For each line its words and its pairs of neighbours; the last word of the line before is a neighbour of its first.

    Beside them stands what they mean in English, where they are of another language.
    """
    found = []
    before: list[str] = []
    meant_before: list[str] = []
    meanings = _Meanings()
    for line in map(without_courtesy, lines):
        told = _words(line)
        meant = _in_english(line, told, meanings)
        each = _with_pairs(before, told)
        if meant != told or meant_before != before:
            each |= _with_pairs(meant_before, meant)
        found.append(each)
        before, meant_before = told[-1:] or before, meant[-1:] or meant_before
    return found


def _with_pairs(before: list[str], told: list[str]) -> set[str]:
    return {*told, *map(" ".join, zip(before + told, told[1 - len(before) :], strict=False))}


class _Meanings(dict[str, tuple[str, ...]]):
    """What each word means in English: the rows of a log repeat theirs."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        meant = self[word] = glossary().in_english(word)
        return meant


def _in_english(line: str, told: list[str], meanings: _Meanings) -> list[str]:
    parted = glossary().parted(line)
    return [each for word in (told if parted is line else _words(parted)) for each in meanings[word]]


def _words(line: str) -> list[str]:
    """What differs from incident to incident is one word each: addresses, and the numbers of sessions and messages."""
    parted = line.lower().translate(_PARTING).split()
    return [told for word in parted if (told := word if word.isalpha() else _masked(word))]


def _masked(word: str) -> str:
    if "@" in word:
        return "@"
    word = word.strip("._")
    if len(word) >= _IDENTIFIER and not word.strip("0123456789abcdef"):
        return "#"
    if word.count(".") == 3 and word.replace(".", "").isdigit():  # an IP address
        return "..."
    return word
