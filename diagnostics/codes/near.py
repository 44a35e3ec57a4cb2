"""What somebody may have meant who mistyped a name: `NoCredentails`, `RESOLVER.ADR.RecipNotFuond`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from diagnostics.codes import tables
from diagnostics.codes.wording import fold

_SHORTEST: Final = 8  # characters: of short names too many are alike
_LONGEST: Final = 100  # characters: comparing costs their square
_LIKE: Final = 0.84
_MOST: Final = 3


def names_like(asked: str) -> tuple[str, ...]:
    """Names and wordings of the tables that are spelled much like `asked`, the nearest first."""
    return like(asked, _names())


def like(asked: str, known: dict[str, str]) -> tuple[str, ...]:
    """Those of `known` (folded text to text) that are spelled much like `asked`, the nearest first."""
    folded = fold(asked)
    if not _SHORTEST <= len(folded) <= _LONGEST or not any(map(str.isalpha, folded)):
        return ()
    from difflib import get_close_matches  # only where nothing was found: no diagnosis waits for it

    near = (one for one in get_close_matches(folded, known, _MOST, _LIKE) if one != folded)
    return tuple(dict.fromkeys(known[one] for one in near))


@cache
def _names() -> dict[str, str]:
    return {fold(name): name for name in (each.strip(";:,.") for each in _spelled()) if name and "…" not in name}


def _spelled() -> Iterable[str]:
    for table in tables.names():
        if table == "shown":  # whole sentences for people: who types one half right means something else
            continue
        for row in tables.rows(table):
            for name in (row.name, row.text, *row.aliases):
                yield name
                yield from (word for word in name.split() if any(map(str.isupper, word[2:])))
