"""Signatures are found where they stand by themselves, however a text is put together."""

from __future__ import annotations

from functools import cache
from typing import Any

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.cause import catalogue
from diagnostics.facts import Reply, Source
from diagnostics.signatures import Signatures, telling
from diagnostics.text import squeezed

_LITERALS = [(each.id, words) for each in catalogue().values() for words in each.says]
_SIGNATURES = Signatures(_LITERALS)
_GLUE = st.sampled_from(["", " ", ".", "1", ".1", "..", "a", "_", "é", "-", ":", "(", "\U0001f4e7"])
_WORDS = st.sampled_from([words for _, words in _LITERALS])
_TEXTS = st.lists(st.tuples(_GLUE, _WORDS, st.booleans(), _GLUE), min_size=1, max_size=4)


@cache
def _pattern(signature: str) -> Any:
    """The same rule, as RE2 has it."""
    text = squeezed(signature)
    head = r"(?:^|[^\d.])" if text[:1].isdigit() else r"(?:^|[^A-Za-z0-9_])" if text[:1].isalpha() else ""
    tail = r"(?:$|[^\d.]|\.(?:\D|$))" if text[-1:].isdigit() else ""
    return re2.compile(f"(?i){head}{re2.escape(text)}{tail}")


@given(_TEXTS)
@settings(max_examples=60, deadline=None)
def test_what_is_said_is_what_patterns_would_find(parts: list[tuple[str, str, bool, str]]) -> None:
    text = squeezed("".join(f"{one}{words.upper() if loud else words}{other}" for one, words, loud, other in parts))
    reply = Reply(source=Source(1, text), code=550, enhanced="", text=text, whole=text, kind="log")
    said = _SIGNATURES.said([reply])
    expected = {(owner, words) for owner, words in _LITERALS if _pattern(words).search(text)}
    assert {(owner, each.signature) for owner, several in said.items() for each in several} == expected
    assert _SIGNATURES.tells(text) == any(telling(words) for _, words in expected)


def test_no_literals_say_nothing() -> None:
    assert not Signatures(()).tells("550 5.7.1")
