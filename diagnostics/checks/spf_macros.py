"""Macros of SPF records: reading and expanding them (RFC 7208, 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from diagnostics.checks.txt import LONGEST_NAME
from diagnostics.patterns import linear

_MOST_PARTS: Final = 128
_LETTERS: Final = frozenset("slodiphv")
_LETTERS_OF_EXPLANATIONS: Final = _LETTERS | frozenset("crt")
_MACRO = linear(r"%\{([a-zA-Z])([0-9]*)([rR]?)([.\-+,/_=]*)\}")
_SIGNS: Final = {"%%": "%", "%_": " ", "%-": "%20"}
_TOP_LABEL = linear(r"[a-zA-Z0-9]*[a-zA-Z][a-zA-Z0-9]*|[a-zA-Z0-9]+-[a-zA-Z0-9-]*[a-zA-Z0-9]")


class SpfSyntaxError(ValueError):
    """The text is not what RFC 7208 allows; the message says where, in half a sentence."""


class Macro(Struct, frozen=True):
    """`%{d2r.}`: `letter` in lower case, `parts` how many right-hand ones are kept (0: all)."""

    letter: str
    parts: int
    reverse: bool
    delimiters: str
    escape: bool

    def expand(self, value: str) -> str:
        if self.parts or self.reverse or self.delimiters:
            for delimiter in self.delimiters:
                value = value.replace(delimiter, "\0")
            words = value.split("\0" if self.delimiters else ".")
            if self.reverse:
                words.reverse()
            value = ".".join(words[-self.parts :])
        return quote(value, safe="") if self.escape else value


MacroString = tuple[str | Macro, ...]


def macro_string(text: str, *, explanation: bool = False) -> MacroString:
    """Reads text with macros in it. Raises SpfSyntaxError. An explanation may use more letters and contain spaces."""
    pieces: list[str | Macro] = []
    at = 0
    while at < len(text):
        end = text.find("%", at)
        end = len(text) if end < 0 else end
        if end > at:
            pieces.append(_literal(text[at:end], spaces=explanation))
        if end < len(text):
            piece, end = _macro(text, end, _LETTERS_OF_EXPLANATIONS if explanation else _LETTERS)
            pieces.append(piece)
        at = end
    return tuple(pieces)


def domain_spec(text: str) -> MacroString:
    """Reads a name with macros, which ends in a macro or in a top-level label. Raises SpfSyntaxError."""
    pieces = macro_string(text)
    if not pieces:
        raise SpfSyntaxError("the name is empty")
    if isinstance(pieces[-1], Macro) or text.endswith(tuple(_SIGNS)):
        return pieces
    name, dot, top = text.removesuffix(".").rpartition(".")
    if not dot or not (name or len(pieces) > 1):
        raise SpfSyntaxError(f"“{text}” is not a full name")
    if not _TOP_LABEL.fullmatch(top):
        raise SpfSyntaxError(f"“{text}” is not a name: it ends in “{top}”")
    return pieces


def letters(pieces: MacroString) -> frozenset[str]:
    """The macro letters that have to be known to expand this."""
    return frozenset(piece.letter for piece in pieces if isinstance(piece, Macro))


def expand(pieces: MacroString, values: Mapping[str, str]) -> str:
    """`values` holds every letter's value in lower case."""
    return "".join(piece if isinstance(piece, str) else piece.expand(values[piece.letter]) for piece in pieces)


def expand_name(pieces: MacroString, values: Mapping[str, str]) -> str:
    """A name to ask for: what is longer than a name can be loses labels from the left (RFC 7208, 7.3)."""
    name = expand(pieces, values).removesuffix(".")
    if len(name) <= LONGEST_NAME:
        return name
    return name[-LONGEST_NAME - 1 :].partition(".")[2]  # one character more shows whether a label begins there


def _macro(text: str, at: int, allowed: frozenset[str]) -> tuple[str | Macro, int]:
    sign = _SIGNS.get(text[at : at + 2])
    if sign is not None:
        return sign, at + 2
    close = text.find("}", at)
    match = _MACRO.fullmatch(text[at : close + 1]) if close > at else None
    if not match or match[1].lower() not in allowed:
        raise SpfSyntaxError(f"“{text[at : close + 1 if close > at else at + 2]}” is no macro")
    letter, digits, reverse, delimiters = match.groups()
    if digits and not digits.strip("0"):
        raise SpfSyntaxError(f"“{match[0]}” keeps no part at all")
    parts = min(int(digits[:9]), _MOST_PARTS) if digits else 0
    return Macro(letter.lower(), parts, bool(reverse), delimiters, letter.isupper()), close + 1


def _literal(text: str, *, spaces: bool) -> str:
    for char in text:
        if not "!" <= char <= "~" and not (spaces and char == " "):
            raise SpfSyntaxError(f"the character {char!a} is not allowed")
    return text
