"""What words of mail and its servers mean in English, in which most of what is known was told."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from diagnostics.kept import table
from diagnostics.patterns import Pattern, linear
from diagnostics.text import IDEOGRAPHS

_PLACE: Final = Path(__file__).with_name("glossary.toml")
_HEAD: Final = 4  # letters by which stems are looked up; none is shorter


class Glossary(Struct, frozen=True):
    """`words` are whole; `stems` begin words, the longest first, by their first letters; `runs` stand inside of what is written
    without spaces."""

    words: dict[str, str]
    stems: dict[str, list[tuple[str, str]]]
    runs: dict[str, str]
    run: Pattern

    def in_english(self, word: str) -> tuple[str, ...]:
        """The words that it means, itself where it isn't known."""
        meant = self.words.get(word) or self._of_stem(word)
        return tuple(meant.split()) if meant else (word,)

    def parted(self, line: str) -> str:
        """The line with what its ideographs and kana mean in their place."""
        if line.isascii() or max(line) < IDEOGRAPHS:
            return line
        return str(self.run.sub(lambda found: f" {self.runs[found.group()]} ", line))

    def _of_stem(self, word: str) -> str:
        stems = self.stems.get(word[:_HEAD], ())
        return next((english for stem, english in stems if word.startswith(stem)), "")


@lru_cache(maxsize=1)
def glossary() -> Glossary:
    words: dict[str, str] = {}
    stems: dict[str, list[tuple[str, str]]] = {}
    runs: dict[str, str] = {}
    for english, forms in table(_PLACE).items():
        for form in forms.split():
            if form[0] >= IDEOGRAPHS:
                runs[form] = english
            elif form.endswith("*"):
                stems.setdefault(form[:_HEAD], []).append((form[:-1], english))
            else:
                words[form] = english
    for each in stems.values():
        each.sort(key=lambda row: -len(row[0]))
    return Glossary(words, stems, runs, linear("|".join(sorted(runs, key=len, reverse=True))))
