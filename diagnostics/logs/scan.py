"""Reading lines of a log, block after block, into tallies. Knows where it is; does not know files or processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from diagnostics.logs.layout import Kind, Layout
from diagnostics.logs.records import connectivity_cells, connectivity_step, tracked
from diagnostics.logs.rows import cells
from diagnostics.logs.screen import candidates
from diagnostics.logs.sessions import Place, Sessions, Talk, smtp_step
from diagnostics.logs.tally import Only, Tally

_MOST_BAD: Final = 5
_QUOTED: Final = 200  # bytes of a bad line that are kept
_MARK_EACH: Final = 1 << 20
_LINE_FEED: Final = 10


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
                self.layout = self.layout.after(text[done:end].decode("utf-8", "replace"))
            else:
                end = _next_comment(text, done)
                self._screened(text[done:end] if done or end < len(text) else text, file, offset + done)
            done = end
        for kind, sessions in self.sessions.items():
            for talk in sessions.endless():
                self._count(kind, talk)

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
            for talk in self._sessions(kind).follow(sessions):
                self._count(kind, talk)
        for file, marks in later.marks.items():
            before = self.lines.get(file, 0)
            self.marks.setdefault(file, []).extend((offset, before + lines) for offset, lines in marks)
            self.lines[file] = before + later.lines[file]
        self.bad += later.bad
        self.bad_lines = (self.bad_lines + later.bad_lines)[:_MOST_BAD]
        self.read += later.read
        self.layout = later.layout

    def close(self) -> None:
        """The log is over: count the sessions that are still open."""
        for kind, sessions in self.sessions.items():
            for talk in sessions.close():
                self._count(kind, talk)

    def _screened(self, text: bytes, file: int, offset: int) -> None:
        """Read lines of one layout, which are no comments."""
        hear = self._hearing(self.layout)
        before = -1
        for start in candidates(text, self.layout):
            if start == before:
                continue
            before = start
            line = text[start : text.find(b"\n", start)]
            if not hear(line, (file, offset + start)) and line.strip():
                self.spoil((file, offset + start), line)

    def _hearing(self, layout: Layout) -> Callable[[bytes, Place], bool]:
        """What reads one line of such a log; it returns False for what is no row."""
        kind = layout.kind
        if kind == "tracking-log":
            return self._track
        take, count, sends = self._sessions(kind).take, self._count, kind == "smtp-send-log"

        def hear(line: bytes, place: Place) -> bool:
            row = cells(line, layout)
            if row is None:
                return False
            step = smtp_step(row, sends=sends)
            talk = take(row, place, step) if step is not None else None
            if talk is not None:
                count(kind, talk)
            return True

        def hear_connectivity(line: bytes, place: Place) -> bool:
            row = connectivity_cells(line, layout)
            talk = take(row, place, connectivity_step(row)) if row is not None else None
            if talk is not None:
                count(kind, talk)
            return row is not None

        return hear_connectivity if kind == "connectivity-log" else hear

    def _track(self, line: bytes, place: Place) -> bool:
        event = tracked(line, self.layout)
        if event is None:
            return False
        row, step = event
        if step.over:
            talk = Talk(row, place, opened=True)
            talk.take(step, row[0], place)
            self._count("tracking-log", talk)
        return True

    def _sessions(self, kind: Kind) -> Sessions:
        known = self.sessions.get(kind)
        if known is None:
            known = self.sessions[kind] = Sessions(whole=self._whole)
        return known

    def _count(self, kind: Kind, talk: Talk) -> None:
        if self._all or self.only.holds(talk):
            self.tallies.setdefault(kind, Tally()).add(talk)


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
