"""Screens say which recognisers read a text."""

from __future__ import annotations

import time
from pathlib import Path

from diagnostics import recognisers
from diagnostics.patterns import linear
from diagnostics.text import Paste
from tests.casefile import Case

_CASES = sorted((Path(__file__).parents[2] / "cases").rglob("*.md"))
_TEXTS = [Case.read(path).steps()[0][0][0] for path in _CASES]


def test_a_recogniser_reads_whatever_its_own_screen_matches() -> None:
    known = recognisers.readers()
    for text in _TEXTS[::64]:
        paste = Paste.of(text)
        lines = "\n".join(paste.lines)
        alone = [each for each in known if linear(f"(?im){each.screen}").search(lines)]
        asked = recognisers._matching(paste)
        assert asked == [each for each in known if each in asked]  # in the order in which they read
        assert not [each for each in alone if each not in asked]


def test_what_one_text_taught_the_screens_serves_the_next() -> None:
    """An automaton that has no room for its states makes them anew for each text, which took longer than all the reading."""
    pastes = [Paste.of(text) for text in _TEXTS]

    def screen() -> float:
        began = time.process_time()
        for paste in pastes:
            recognisers._matching(paste)
        return time.process_time() - began

    recognisers._bench.cache_clear()  # without what other tests taught it
    screen()
    screening = min(screen(), screen())
    began = time.process_time()
    for paste in pastes[::4]:
        recognisers.recognise(paste)
    assert screening < time.process_time() - began  # all of them, and a quarter of them
