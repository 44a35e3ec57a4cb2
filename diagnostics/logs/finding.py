"""Which of the files that a person names are logs, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from diagnostics.logs.layout import HEAD, Layout, head
from diagnostics.logs.sources import MOST_UNPACKED, Source, UnreadableLogError, sources


class Known(Struct, frozen=True):
    """A file that is a log: where it is, and how it begins."""

    source: Source
    layout: Layout
    first: str


class Found(Struct):
    """The logs among the files that were named, oldest first, and sentences on the others."""

    logs: list[Known] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(known.source.size for known in self.logs)


def find(names: Iterable[str], *, most: int = MOST_UNPACKED) -> Found:
    """Look at files, folders, patterns and archives. Raises UnreadableLogError or OSError for a name that is not there."""
    found = Found()
    for source in sources(names, most=most):
        try:
            start = next(source.blocks(block=HEAD), b"")
        except UnreadableLogError as problem:
            found.problems.append(str(problem))
            continue
        opening = head(start.decode("utf-8", "replace"))
        if not start:
            found.problems.append(f"{source.name} is empty: it was left out.")
        elif opening is None:
            found.problems.append(f"{source.name} is no SMTP, tracking or connectivity log: it was left out.")
        else:
            found.logs.append(Known(source, opening.layout, opening.first))
    found.logs.sort(key=lambda known: (known.first, known.source.name))
    return found


def without_copies(found: Found) -> Found:
    """The logs but those that another one begins with: what lies there twice, packed and unpacked, or was saved before the log
    had grown. Their sessions would be counted twice."""
    kept: list[Known] = []
    problems = list(found.problems)
    for known in found.logs:
        for place, other in enumerate(kept):
            copy = _copy(known, other)
            if copy is not None:
                kept[place] = other if copy is known else known
                problems.append(f"{copy.source.name} is a copy of {kept[place].source.name}: it was left out.")
                break
        else:
            kept.append(known)
    return Found(kept, problems)


def _copy(one: Known, other: Known) -> Known | None:
    """Of two logs the one whose text the other one begins with; None where they differ."""
    if not one.first or one.first != other.first or one.layout != other.layout:
        return None
    mine, theirs = one.source.blocks(), other.source.blocks()
    left = right = b""
    try:
        while True:
            left, right = left or next(mine, b""), right or next(theirs, b"")
            if not (left and right):
                return other if left else one
            size = min(len(left), len(right))
            if left[:size] != right[:size]:
                return None
            left, right = left[size:], right[size:]
    except (UnreadableLogError, OSError):
        return None
