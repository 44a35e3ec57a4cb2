"""A log cut into parts that may be read at the same time: files, and ranges of large files.

A line belongs to the range in which it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.logs.layout import Layout
from diagnostics.logs.scan import Scan
from diagnostics.logs.sources import BLOCK, Source, UnreadableLogError
from diagnostics.logs.tally import EVERYTHING, Only

RANGE: Final = 16 << 20
_TAPER: Final = 4  # of what is left a part is so much at most
_SHORTEST: Final = 16  # of a full part a part is so much at least
_LONGEST_LINE: Final = 4 << 20
_COMMAS: Final = 8  # in a whole row of a protocol log


class Part(Struct, frozen=True):
    """Bytes `start` to `end` of file number `file` (to its end where None). `first`: the log begins here."""

    source: Source
    file: int
    layout: Layout
    only: Only = EVERYTHING
    start: int = 0
    end: int | None = None
    first: bool = False
    block: int = BLOCK


class Outcome(Struct):
    """What a part held. `problem` is a sentence where not all of it could be read; `size` the bytes it takes on disk."""

    scan: Scan
    size: int
    problem: str = ""


def cut(
    source: Source, file: int, layout: Layout, only: Only, *, first: bool, size: int = RANGE, behind: int = 0
) -> Iterator[Part]:
    """The parts of one file, in order: of `size` bytes, and shorter ones at the end of the log, so that whoever reads the last
    part is not waited for. `behind` are the bytes of the files after this one."""
    if not source.seekable or source.size <= size:
        yield Part(source, file, layout, only, first=first)
        return
    start = 0
    while start < source.size:
        left = source.size - start
        end = start + min(size, max((left + behind) // _TAPER, size // _SHORTEST, 1))
        yield Part(source, file, layout, only, start, end if end < source.size else None, first and start == 0)
        start = end


def read_part(part: Part, stop: Callable[[], bool] | None = None, tell: Callable[[int], None] | None = None) -> Outcome:
    """Read a part. `stop` is asked after every block and ends the reading early; `tell` hears what was read, in bytes on disk."""
    scan = Scan(part.layout, part.only, whole=part.first)
    problem = ""
    try:
        for offset, text, whole in texts(part, scan, tell):
            if whole:
                scan.feed(text, part.file, offset)
            else:
                _feed_last(scan, text, part.file, offset)
            if stop is not None and stop():
                break
    except (UnreadableLogError, OSError) as caught:
        problem = str(caught) if isinstance(caught, UnreadableLogError) else f"{part.source.name}: {caught.strerror}"
    size = part.source.size - part.start if part.end is None else part.end - part.start
    return Outcome(scan, size, problem)


def texts(
    part: Part, scan: Scan | None = None, tell: Callable[[int], None] | None = None
) -> Iterator[tuple[int, bytes, bool]]:
    """Stretches of whole lines with their offsets; the last of a file may lack its line feed (then False).

    A line longer than any log's is passed over and counted as bad in `scan`.
    """
    at, rest, skipping = max(part.start - 1, 0), b"", part.start > 0
    for data in part.source.blocks(at, part.block, tell):
        if skipping:  # the line that goes on from before this part, or one that is too long
            over = data.find(b"\n") + 1
            at, rest, skipping = at + (over or len(data)), data[over:] if over else b"", not over
        else:
            whole = data.rfind(b"\n") + 1
            if whole and (part.end is None or at + len(rest) + len(data) < part.end):
                # Of a plain file nearly all blocks are whole lines, and not copied; of others each is copied once.
                text = b"".join((rest, memoryview(data)[:whole])) if rest or whole < len(data) else data
                yield at, text, True
                at, rest = at + len(text), data[whole:]
                continue
            rest += data
        limit = None if part.end is None else max(part.end - at, 0)
        if limit is not None and len(rest) >= limit:
            stop = rest.find(b"\n", limit - 1) + 1 if limit else 0
            if stop:
                yield at, rest[:stop], True
            if stop or not limit:
                return
        if len(rest) > _LONGEST_LINE and b"\n" not in rest:
            if scan is not None:
                scan.spoil((part.file, at), rest)
                scan.lines[part.file] = scan.lines.get(part.file, 0) + 1
            at, rest, skipping = at + len(rest), b"", True
    if rest and (part.end is None or at < part.end):
        whole = rest.rfind(b"\n") + 1
        if whole:
            yield at, rest[:whole], True
        if rest[whole:]:
            yield at + whole, rest[whole:], False


def _feed_last(scan: Scan, text: bytes, file: int, offset: int) -> None:
    """Read the last line of a file, which may have been cut while it was written."""
    smtp = scan.layout.kind.startswith("smtp")
    if smtp and text[:1] != b"#" and (text.count(b",") < _COMMAS or text.count(b'"') % 2):
        scan.lines[file] = scan.lines.get(file, 0) + 1
        scan.spoil((file, offset), text)
    else:
        scan.feed(text + b"\n", file, offset)


def plan(known: Sequence[tuple[Source, Layout]], only: Only, size: int = RANGE) -> Iterator[Part]:
    """The parts of all files, in the order of the log."""
    behind = sum(source.size for source, _ in known)
    for number, (source, layout) in enumerate(known):
        behind -= source.size
        yield from cut(source, number, layout, only, first=number == 0, size=size, behind=behind)
