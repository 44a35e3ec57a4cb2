"""The catalogue made ready for judging: which causes a fact can anchor, and its literals in two automata."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from diagnostics.cause import Cause, catalogue
from diagnostics.facts import Fact
from diagnostics.signatures import Signatures


class Book(Struct, frozen=True):
    """Causes by id, and their indexes. What it costs to ask grows with the facts, not with the number of causes.

    `compares` says whether what no rule settles is compared with known texts of these causes.
    """

    causes: dict[str, Cause]
    anchors: dict[type[Fact], tuple[str, ...]]
    signatures: Signatures
    against: Signatures
    compares: bool = False

    @classmethod
    def of(cls, causes: Iterable[Cause], *, compares: bool = False) -> Book:
        known = {each.id: each for each in causes}
        anchors: dict[type[Fact], list[str]] = defaultdict(list)
        for each in known.values():
            first = next((p for p in each.parameters if p.mode == "need"), None)
            for kind in first.kinds if first else ():
                anchors[kind].append(each.id)
        return cls(
            known,
            {kind: tuple(ids) for kind, ids in anchors.items()},
            Signatures((each.id, words) for each in known.values() for words in each.says),
            Signatures((each.id, words) for each in known.values() for words, _ in each.against),
            compares,
        )


@lru_cache(maxsize=1)
def whole() -> Book:
    """The book of the whole catalogue."""
    return Book.of(catalogue().values(), compares=True)
