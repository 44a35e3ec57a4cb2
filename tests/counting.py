"""Count the words of this project's own texts of each cause: python -m tests.counting writes what resemblance reads.

Its cases, wordings, signatures and the manual pages up to their first heading. Of a case, each stage belongs to the cause that
is believed most then. Circumstances and what is no fault are left out: nobody looks for them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from diagnostics.cause import catalogue
from diagnostics.resemblance.table import PLACE, Resemblance, written
from diagnostics.resemblance.words import features
from diagnostics.text import Paste
from tests.casefile import Case

_HERE = Path(__file__).parent
_BELIEVED = ("confirmed", "likely", "possible")


def texts() -> Iterator[tuple[str, str]]:
    """(cause, text) of every known text."""
    wanted = {each.id for each in catalogue().values() if not each.benign and not each.modifier}
    for cause, text in (*_cases(), *_wordings(), *_manual()):
        if cause in wanted:
            yield cause, text


def counted(known: Iterable[tuple[str, str]]) -> Resemblance:
    return Resemblance.of((cause, features_of(text)) for cause, text in known)


def features_of(text: str) -> set[str]:
    return set().union(*features(Paste.of(text).lines))


def _cases() -> Iterator[tuple[str, str]]:
    for path in sorted((_HERE / "cases").rglob("*.md")):
        for pastes, block in Case.read(path).steps():
            said = [line.split(" ") for line in block.text.splitlines()]
            first = next((words[1] for words in said if words[0] in _BELIEVED), None)
            if first:
                yield first, "\n".join(pastes)


def _wordings() -> Iterator[tuple[str, str]]:
    for path in sorted((_HERE / "diagnostics" / "wordings").glob("*.toml")):
        for cause, told in tomllib.loads(path.read_text(encoding="utf-8")).items():
            yield from ((cause, text) for text in told)


def _manual() -> Iterator[tuple[str, str]]:
    for each in catalogue().values():
        yield from ((each.id, text) for text in each.says)
        yield each.id, each.manual.partition("\n## ")[0]


if __name__ == "__main__":
    PLACE.write_bytes(written(counted(texts())))
