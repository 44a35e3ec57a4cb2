"""The second pass: whole conversations, read again at the places that the first pass noted, with their line numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from diagnostics.logs.layout import Layout
from diagnostics.logs.parts import Part, texts
from diagnostics.logs.sessions import Talk
from diagnostics.logs.sources import Source, UnreadableLogError

_MOST_ROWS: Final = 400
_BLOCK: Final = 128 * 1024
_BEHIND: Final = 256 * 1024  # bytes behind the row that decides, where a session closes
_BEFORE: Final = 64 * 1024  # and before the first that was noted: the attempt to connect
_GAP: Final = 512 * 1024  # bytes that are passed over rather than read
_MOST_BYTES: Final = 64 << 20  # of one conversation, with what stands between its rows


class Line(Struct, frozen=True):
    """`number` is 1-based in file number `file`."""

    file: int
    number: int
    text: str


class Conversation(Struct):
    """A session's rows in the order of the log."""

    talk: Talk
    lines: list[Line] = field(default_factory=list)


class _Want(Struct):
    """Rows with `id` between two bytes of one file."""

    start: int
    end: int
    id: bytes
    lines: list[Line]


def pick(
    talks: Iterable[Talk], files: Sequence[tuple[Source, Layout]], marks: dict[int, list[tuple[int, int]]]
) -> dict[bytes, Conversation]:
    """The conversations by session id. `marks` are offsets in each file and the lines before them."""
    found = {talk.id: Conversation(talk) for talk in talks}
    wanted: dict[int, list[_Want]] = {}
    for conversation in found.values():
        talk = conversation.talk
        for file in range(talk.first[0], talk.last[0] + 1):
            start = max(0, talk.first[1] - _BEFORE) if file == talk.first[0] else 0
            end = talk.last[1] + _BEHIND if file == talk.last[0] else start + _MOST_BYTES
            wanted.setdefault(file, []).append(_Want(start, min(end, start + _MOST_BYTES), talk.id, conversation.lines))
    for file, wants in sorted(wanted.items()):
        source, layout = files[file]
        try:
            _sweep(source, file, layout, sorted(wants, key=lambda want: want.start), marks.get(file) or [(0, 0)])
        except (UnreadableLogError, OSError):
            continue  # it changed since the first pass: what was found is shown
    return found


def _sweep(source: Source, file: int, layout: Layout, wants: list[_Want], marks: list[tuple[int, int]]) -> None:
    """One pass over a file from want to want. What can't be sought in is read from its beginning."""
    waiting = list(wants)
    while waiting:
        offset, lines = marks[bisect_right(marks, (waiting[0].start, 1 << 62)) - 1] if source.seekable else (0, 0)
        for at, text, _ in texts(Part(source, file, layout, start=offset, block=_BLOCK)):
            for want in waiting:
                if want.start < at + len(text) and want.end > at:
                    want.lines.extend(_rows(text, at, want, file, lines))
            lines += text.count(b"\n")
            waiting = [want for want in waiting if want.end > at + len(text) and len(want.lines) < _MOST_ROWS]
            if not waiting or (source.seekable and waiting[0].start > at + len(text) + _GAP):
                break
        else:
            return


def _rows(text: bytes, at: int, want: _Want, file: int, lines: int) -> Iterator[Line]:
    """The rows in `text`, which stands at byte `at` of the file below `lines` lines, that hold the id in a cell of its own."""
    place = text.find(want.id, max(0, want.start - at))
    counted = number = 0
    while -1 < place < want.end - at:
        start = text.rfind(b"\n", 0, place) + 1
        end = text.find(b"\n", place)
        end = len(text) if end < 0 else end
        number += text.count(b"\n", counted, start)
        counted = start
        row = text[start:end].rstrip(b"\r")
        cells = row.replace(b'"', b"")
        if want.id in cells.split(b","):
            # In a log only a line feed ends a line; in a paste, which these become, a carriage return does, too.
            yield Line(file, lines + number + 1, row.decode("utf-8", "replace").replace("\r", " "))
            if b",-," in cells:  # it is closed: nothing of it follows
                want.end = 0
        place = text.find(want.id, end)


def line_number(source: Source, marks: Sequence[tuple[int, int]], offset: int) -> int:
    """The 1-based number of the line that begins at byte `offset`. `marks` are offsets and the lines before them."""
    at, lines = marks[bisect_right(marks, (offset, 1 << 62)) - 1] if marks else (0, 0)
    for data in source.blocks(at):
        if at + len(data) >= offset:
            return lines + data.count(b"\n", 0, offset - at) + 1
        lines, at = lines + data.count(b"\n"), at + len(data)
    return lines + 1
