"""One conversation of a log, by its session id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from diagnostics.logs.connecting import connectivity_cells
from diagnostics.logs.layout import Layout
from diagnostics.logs.parts import Part, texts
from diagnostics.logs.rows import Cells, cells, data_and_context
from diagnostics.logs.sources import Source
from diagnostics.values import Value

_MOST_ROWS: Final = 5_000


class LogRow(Value, frozen=True, kw_only=True):
    """A row. `line` is 1-based in file number `file`; `event` is one of + - > < *."""

    at: str
    event: str
    text: str
    file: int
    line: int


class LogConversation(Value, frozen=True, kw_only=True):
    """A session's rows in their order; there are none where the log has no such session."""

    session: str
    connector: str = ""
    local: str = ""
    remote: str = ""
    files: tuple[str, ...] = ()
    rows: tuple[LogRow, ...] = ()


def conversation(files: Sequence[tuple[Source, Layout]], session: str) -> LogConversation:
    """Read every row of a session, which may go on in a later file. Raises UnreadableLogError."""
    found = list(islice(_rows(files, session.strip().upper().encode()), _MOST_ROWS)) if session.strip() else []
    if not found:
        return LogConversation(session=session)
    first, last = found[0][0], found[-1][0]
    named = {row.file: files[row.file][0].name for _, row in found}
    return LogConversation(
        session=_text(first[2]),
        connector=_text(first[1]),
        local=_text(first[4] or last[4]),
        remote=_text(first[5] or last[5]),
        files=tuple(named.values()),
        rows=tuple(row for _, row in found),
    )


def _rows(files: Sequence[tuple[Source, Layout]], id_: bytes) -> Iterator[tuple[Cells, LogRow]]:
    for number, (source, layout) in enumerate(files):
        lines = 0
        for _, text, _ in texts(Part(source, number, layout)):
            at = text.find(id_)
            while at >= 0:
                end = text.find(b"\n", at)
                end = len(text) if end < 0 else end
                line = text[text.rfind(b"\n", 0, at) + 1 : end].rstrip(b"\r")
                row = connectivity_cells(line, layout) if layout.kind == "connectivity-log" else cells(line, layout)
                if row is not None and row[2] == id_:
                    yield row, _row(row, number, lines + text.count(b"\n", 0, at) + 1)
                at = text.find(id_, end)
            lines += text.count(b"\n")


def _row(row: Cells, file: int, line: int) -> LogRow:
    said = " ".join(filter(None, data_and_context(row[7])))
    return LogRow(at=_text(row[0]), event=_text(row[6]), text=said, file=file, line=line)


def _text(cell: bytes) -> str:
    return cell.decode("utf-8", "replace").strip()
