"""Learn which words tell of which cause, from this project's own texts: python -m tests.learning writes what resemblance reads.

Its cases, wordings, incidents, reports, signatures and the manual pages up to their first heading. Of a case, each stage belongs
to the cause that is believed most then. Circumstances and what is no fault are left out: nobody looks for them.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from diagnostics.cause import catalogue
from diagnostics.resemblance.table import ONE, PLACE, TALK, Resemblance, written
from diagnostics.resemblance.words import features
from diagnostics.text import Paste
from tests.casefile import Case

_HERE = Path(__file__).parent
_BELIEVED = ("confirmed", "likely", "possible")
_SEEN_TWICE: Final = 2  # texts that have a word: what one text alone has tells of that text
_LEAST: Final = 5  # hundredths: weights below change next to nothing, and are most of all
_COUNTS: Final = 3.0  # times as much as another text: what people told before anybody knew
_TALK_COUNTS: Final = 2.0  # and what they say without a failure, so that the many reports do not drown it
_UNSUREST, _SUREST = 0.3, 0.95  # of a report, that belongs to the first of several causes
_BEHIND: Final = (0.6, 0.4)  # of the rest, to the second and the third
_SMOOTH: Final = 0.25  # the smaller, the less a single text bends the planes: best on texts that were not learned from


class Known(NamedTuple):
    """A text, a cause of what it tells, and how much that counts. Harmless messages have TALK for a cause."""

    cause: str
    text: str
    weight: float = 1.0


def texts() -> Iterator[Known]:
    """Every known text; one that several causes may have, once for each."""
    wanted = {TALK, *(each.id for each in catalogue().values() if not each.benign and not each.modifier)}
    written_for = chain(_cases(), _told("wordings"), _told("incidents"), _manual())
    alone = (Known(cause, text, _TALK_COUNTS if cause == TALK else 1.0) for cause, text in written_for)
    yield from (each for each in chain(alone, _reports()) if each.cause in wanted)


def learned(known: Iterable[Known]) -> Resemblance:
    """What the texts teach. The same texts teach the same, whatever their order of words."""
    causes, told, counted = zip(*known, strict=True)
    words_of = {text: sorted(features_of(text)) for text in told}  # a report of three causes is one text
    vectors = TfidfVectorizer(analyzer=words_of.__getitem__, min_df=_SEEN_TWICE)
    vectors.fit(words_of)
    machine = LinearSVC(C=_SMOOTH, random_state=0)
    machine.fit(vectors.transform(told), causes, sample_weight=counted)
    weights = (ONE * machine.coef_).round().astype(int)
    words = {}
    for word, column in sorted(vectors.vocabulary_.items()):
        cells = (f"{place}:{weight}" for place, weight in enumerate(weights[:, column]) if abs(weight) >= _LEAST)
        words[word] = " ".join((str(round(ONE * vectors.idf_[column])), *cells))
    starts = (ONE * machine.intercept_).round().astype(int).tolist()
    return Resemblance(tuple(map(str, machine.classes_)), tuple(starts), words)


def features_of(text: str) -> set[str]:
    return set().union(*features(Paste.of(text).lines))


def _cases() -> Iterator[tuple[str, str]]:
    for path in sorted((_HERE / "cases").rglob("*.md")):
        for pastes, block in Case.read(path).steps():
            said = [line.split(" ") for line in block.text.splitlines()]
            first = next((words[1] for words in said if words[0] in _BELIEVED), None)
            if first:
                yield first, "\n".join(pastes)


def _told(folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((_HERE / "diagnostics" / folder).glob("*.toml")):
        for cause, told in tomllib.loads(path.read_text(encoding="utf-8")).items():
            yield from ((cause, text) for text in told)


def _reports() -> Iterator[Known]:
    """What people told before anybody knew, in reports/: `causes` has up to three, the first of which it is with `sure` of 100.

    They are what the engine is for, and so count more than what was written about a known cause.
    """
    for path in sorted((_HERE / "diagnostics" / "reports").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            report = json.loads(line)
            for cause, share in zip(report["causes"], _shares(report), strict=True):
                yield Known(cause, report["text"], _COUNTS * share)


def _shares(report: dict[str, Any]) -> tuple[float, ...]:
    """How much of a report belongs to each of its causes."""
    number = len(report["causes"])
    first = 1.0 if number == 1 else min(_SUREST, max(_UNSUREST, report["sure"] / 100))
    return (first, *((1 - first) * rest for rest in _BEHIND))[:number]


def _manual() -> Iterator[tuple[str, str]]:
    for each in catalogue().values():
        yield from ((each.id, text) for text in each.says)
        yield each.id, each.manual.partition("\n## ")[0]


if __name__ == "__main__":
    PLACE.write_bytes(written(learned(texts())))
