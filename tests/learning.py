"""Learn which words tell of which cause, from this project's own texts: python -m tests.learning writes what resemblance reads.

Its cases, wordings, incidents, signatures and the manual pages up to their first heading. Of a case, each stage belongs to the
cause that is believed most then. Circumstances and what is no fault are left out: nobody looks for them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

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
_SMOOTH: Final = 0.25  # the smaller, the less a single text bends the planes: best on texts that were not learned from


def texts() -> Iterator[tuple[str, str]]:
    """(cause, text) of every known text; harmless messages have TALK for a cause."""
    wanted = {TALK, *(each.id for each in catalogue().values() if not each.benign and not each.modifier)}
    for cause, text in (*_cases(), *_told("wordings"), *_told("incidents"), *_manual()):
        if cause in wanted:
            yield cause, text


def learned(known: Iterable[tuple[str, str]]) -> Resemblance:
    """What the texts teach, each with its cause. The same texts teach the same, whatever their order of words."""
    causes, told = zip(*known, strict=True)
    vectors = TfidfVectorizer(analyzer=lambda text: sorted(features_of(text)), min_df=_SEEN_TWICE)
    machine = LinearSVC(C=_SMOOTH, random_state=0)
    machine.fit(vectors.fit_transform(told), causes)
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


def _manual() -> Iterator[tuple[str, str]]:
    for each in catalogue().values():
        yield from ((each.id, text) for text in each.says)
        yield each.id, each.manual.partition("\n## ")[0]


if __name__ == "__main__":
    PLACE.write_bytes(written(learned(texts())))
