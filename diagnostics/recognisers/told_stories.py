"""Faults that a person tells in whole sentences, with no machine's text: "since then, what we create in the cloud bounces here".

No sentence of it names the fault, and any one of them may stand in a text about something else; stories.toml has which of them
together are known. Read only where nothing is pasted, or no more than a reply quoted in a sentence: an artefact says more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

import diagnostics
from diagnostics.artefacts import Artefact
from diagnostics.kept import table
from diagnostics.mail_facts import Told
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES

KIND: Final = "told-story"
_GAP: Final = r"[^.;\n]{0,50}?"
_SENTENCE = linear(r"(?:[^.!?;]|[.!?][^\s.!?;])*(?:[.!?;]+(?:\s|$)|[.!?;]|$)")  # a dot within a name ends none
_LONGEST: Final = 3_000  # characters of a line: people write whole paragraphs without a break
_FULL: Final = 60  # characters: mail clients and editors break lines at 72 and more
# A wish, a question or advice; "if we send to …, it bounces" tells what happens.
_WISHED = linear(
    r"(?i)\b(?:should|shall|must|would|want to|plan(?:ning)? to|going to|try to|make sure|please|sollte\w*|möchte\w*|wollen"
    r"|devrai\w*|voulons|debería\w*|queremos|dovre\w*|vogliamo|moeten|willen|dever\w*|chcemy)\s[^,]{0,60}$"
)


class _Story(Struct, frozen=True):
    name: str
    tells: tuple[Any, ...]
    unless: tuple[Any, ...]
    beside: bool


def _stories() -> tuple[_Story, ...]:
    known = table(Path(diagnostics.__file__).with_name("stories.toml"))
    words = {"gap": _GAP, **known["words"]}
    return tuple(
        _Story(
            row["name"],
            _patterns(row["tells"], words),
            _patterns(row.get("unless", ()), words),
            bool(row.get("beside")),
        )
        for row in known["story"]
    )


def _patterns(rows: Sequence[str], words: dict[str, str]) -> tuple[Any, ...]:
    return tuple(linear(f"(?i){_filled(row, words)}") for row in rows)


def _filled(row: str, words: dict[str, str]) -> str:
    for name, part in words.items():
        row = row.replace("{" + name + "}", part)
    return row


_STORIES: Final = _stories()


@recogniser(r"\S", rank=99)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each story that is told as a whole."""
    pasted = bool(reading.claimed - reading.quoting)
    told = list(_sentences(reading))
    whole = "\n".join(sentence for _, sentence in told).encode()  # once, and not for each pattern
    found = []
    for story in _STORIES:
        # Most stories have a part that stands nowhere: looked for once, and not in one sentence after the other.
        if (pasted and not story.beside) or not all(part.search(whole) for part in story.tells):
            continue
        at = _told(story, told)
        if not at or any(part.search(line) for part in story.unless for _, line in told):
            continue
        facts = [Told(source=source_at(reading, at[0]), story=story.name)]
        found.append(artefact(reading, KIND, at, facts, {"told": story.name}))
    return found


def _told(story: _Story, told: Sequence[tuple[int, str]]) -> list[int]:
    """The lines that tell the parts of a story, none where one is missing: what comes after that is not looked for."""
    at: list[int] = []
    for part in story.tells:
        found = next((index for index, line in told if _says(part, line)), None)
        if found is None:
            return []
        at.append(found)
    return at


def _sentences(reading: Reading) -> Iterator[tuple[int, str]]:
    """Each sentence that is no question, by the line (0-based) that its paragraph begins in."""
    for index, line in _unwrapped(reading.sentences()[:MOST_LINES]):
        for each in _SENTENCE.findall(line[:_LONGEST]):
            if each.strip() and not each.rstrip().endswith("?"):
                yield index, each


def _unwrapped(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines, with what a full one breaks off joined to it again."""
    first, last, text, full = -1, -1, "", False
    for index, line in lines:
        if full and index == last + 1 and line.strip() and len(text) < _LONGEST:
            text = f"{text.rstrip()} {line.strip()}"
        else:
            if text:
                yield first, text
            first, text = index, line
        last, full = index, len(line) >= _FULL
    if text:
        yield first, text


def _says(part: Any, sentence: str) -> bool:
    """Whether the sentence states it."""
    found = part.search(sentence)
    return found is not None and not _WISHED.search(sentence[: found.start()])
