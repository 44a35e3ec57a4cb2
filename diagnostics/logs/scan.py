"""Reading lines of a log, block after block, into tallies. Knows where it is; does not know files or processes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from diagnostics.logs.connecting import Connecting
from diagnostics.logs.hearing import Hearing
from diagnostics.logs.layout import Kind, Layout
from diagnostics.logs.screen import Hit, hits
from diagnostics.logs.sessions import Place, Sessions, Talk
from diagnostics.logs.tally import Only, Tally
from diagnostics.logs.tracking import Tracking

_MOST_BAD: Final = 5
_QUOTED: Final = 200  # bytes of a bad line that are kept
_MARK_EACH: Final = 256 << 10  # bytes: so much is read again at most for the number of a line
_LINE_FEED: Final = 10
_MOST_TURNS: Final = 1000  # layouts of one file


class Scan:
    """What was read so far of one or more files. Everything in it can be handed from process to process."""

    def __init__(self, layout: Layout, only: Only, *, whole: bool) -> None:
        """`whole`: the log begins with the first line that is fed."""
        self.layout = layout
        self.only = only
        self.tallies: dict[Kind, Tally] = {}
        self.sessions: dict[Kind, Sessions] = {}
        self.lines: dict[int, int] = {}  # by file
        self.marks: dict[int, list[tuple[int, int]]] = {}  # by file: offsets, and how many lines stand before them
        self.layouts: dict[
            int, list[tuple[int, Layout]]
        ] = {}  # by file: where comment lines in its middle changed it, and to what
        self.bad = 0
        self.bad_lines: list[tuple[Place, bytes]] = []
        self.read = 0
        self._whole = whole
        self._all = only.everything

    def feed(self, text: bytes, file: int, offset: int) -> None:
        """Read whole lines, each with its line feed, that stand at byte `offset` of a file."""
        marks = self.marks.setdefault(file, [])
        if not marks or offset - marks[-1][0] >= _MARK_EACH:
            marks.append((offset, self.lines.get(file, 0)))
        self.lines[file] = self.lines.get(file, 0) + text.count(b"\n")
        self.read += len(text)
        done = 0
        while done < len(text):
            if _is_comment(text, done):
                end = text.find(b"\n", done) + 1
                self._turn(self.layout.after(text[done:end].decode("utf-8", "replace")), file, offset + done)
            else:
                end = _next_comment(text, done)
                self._screened(text[done:end] if done or end < len(text) else text, file, offset + done)
            done = end
        for kind, sessions in self.sessions.items():
            self._count(kind, sessions.endless())

    def layout_at(self, place: Place, opening: Layout) -> Layout:
        """The layout of a row of a file that opens with this one."""
        turns = self.layouts.get(place[0], [])
        at = bisect_right(turns, place[1], key=_offset)
        return turns[at - 1][1] if at else opening

    def spoil(self, place: Place, line: bytes) -> None:
        """Count a line that cannot be read."""
        self.bad += 1
        if len(self.bad_lines) < _MOST_BAD:
            self.bad_lines.append((place, line[:_QUOTED].rstrip()))

    def follow(self, later: Scan) -> None:
        """Add what was read of the next stretch of the log, by another reader."""
        for kind, tally in later.tallies.items():
            self.tallies.setdefault(kind, Tally()).join(tally)
        for kind, sessions in later.sessions.items():
            self._count(kind, self._sessions(kind).follow(sessions))
        for file, marks in later.marks.items():
            before = self.lines.get(file, 0)
            self.marks.setdefault(file, []).extend((offset, before + lines) for offset, lines in marks)
            self.lines[file] = before + later.lines[file]
        for file, turns in later.layouts.items():
            mine = self.layouts.setdefault(file, [])
            mine += turns[: _MOST_TURNS - len(mine)]
        self.bad += later.bad
        self.bad_lines = (self.bad_lines + later.bad_lines)[:_MOST_BAD]
        self.read += later.read
        self.layout = later.layout

    def close(self) -> None:
        """The log is over: count the sessions that are still open."""
        for kind, sessions in self.sessions.items():
            self._count(kind, sessions.close())

    def _turn(self, layout: Layout, file: int, offset: int) -> None:
        if layout != self.layout:
            self.layout = layout
            turns = self.layouts.setdefault(file, [])
            if len(turns) < _MOST_TURNS:
                turns.append((offset, layout))

    def _screened(self, text: bytes, file: int, offset: int) -> None:
        """Read lines of one layout, which are no comments."""
        kind, found = self.layout.kind, hits(text, self.layout)
        if kind == "tracking-log":
            talks = _each(Tracking(self.layout, self.spoil), text, found, file, offset)
        else:
            hears = Connecting if kind == "connectivity-log" else Hearing
            hearing = hears(self._sessions(kind), self.layout, self.spoil)
            if found is not None and self.layout.usual:
                talks = hearing.screened(text, found, file, offset)
            else:
                talks = _each(hearing, text, found, file, offset)
        self._count(kind, talks)

    def _sessions(self, kind: Kind) -> Sessions:
        known = self.sessions.get(kind)
        if known is None:
            known = self.sessions[kind] = Sessions(whole=self._whole)
        return known

    def _count(self, kind: Kind, talks: Iterable[Talk]) -> None:
        wanted = list(talks if self._all else filter(self.only.holds, talks))
        if wanted:
            self.tallies.setdefault(kind, Tally()).add(wanted)


def _each(
    hearing: Hearing | Connecting | Tracking, text: bytes, found: Iterable[Hit] | None, file: int, offset: int
) -> list[Talk]:
    """The sessions that rows in `text` end: those that a hit stands in, or all."""
    spans = _all(text) if found is None else _lines(text, found)
    heard = (hearing.row(text[start:end], (file, offset + start)) for start, end in spans)
    return [talk for talk in heard if talk is not None]


def _lines(text: bytes, found: Iterable[Hit]) -> Iterator[tuple[int, int]]:
    """Where the lines begin and end that hits stand in, each once."""
    end = -1
    for _, _, stop in found:
        last = stop - 1  # the first character of a literal may be the line feed before the line
        if last > end:
            start = text.rfind(b"\n", 0, last) + 1
            end = text.find(b"\n", last)
            yield start, end


def _all(text: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while (end := text.find(b"\n", start)) >= 0:
        yield start, end
        start = end + 1


def _is_comment(text: bytes, at: int) -> bool:
    return text.startswith((b"#", b"\xef\xbb\xbf#"), at)


def _next_comment(text: bytes, at: int) -> int:
    """Where the next line begins that starts with `#`; the end where there is none."""
    found = text.find(b"#", at)
    while found > 0:
        if text[found - 1] == _LINE_FEED:
            return found
        found = text.find(b"#", found + 1)
    return len(text)


def _offset(turn: tuple[int, Layout]) -> int:
    return turn[0]
