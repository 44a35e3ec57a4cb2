"""One conversation of a log, by its session id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.logs.layout import Layout
from diagnostics.logs.model import Value
from diagnostics.logs.parts import Part, texts
from diagnostics.logs.records import connectivity_cells
from diagnostics.logs.rows import cells, data_and_context
from diagnostics.logs.sources import Source

_MOST_ROWS: Final = 5_000


class LogRow(Value):
    """A row. `line` is 1-based in file number `file`; `event` is one of + - > < *."""

    at: str
    event: str
    text: str
    file: int
    line: int


class LogConversation(Value):
    """A session's rows in their order; there are none where the log has no such session."""

    session: str
    connector: str = ""
    local: str = ""
    remote: str = ""
    files: tuple[str, ...] = ()
    rows: tuple[LogRow, ...] = ()


def conversation(files: Sequence[tuple[Source, Layout]], session: str) -> LogConversation:
    """Read every row of a session, which may go on in a later file. Raises UnreadableLogError."""
    id_ = session.strip().upper().encode()
    rows: list[LogRow] = []
    named: list[str] = []
    first = last = None
    for number, (source, layout) in enumerate(files):
        lines = 0
        for offset, text, _ in texts(Part(source, number, layout)):
            at = text.find(id_) if id_ else -1
            while at >= 0 and len(rows) < _MOST_ROWS:
                end = text.find(b"\n", at)
                end = len(text) if end < 0 else end
                line = text[text.rfind(b"\n", 0, at) + 1 : end].rstrip(b"\r")
                row = connectivity_cells(line, layout) if layout.kind == "connectivity-log" else cells(line, layout)
                if row is not None and row[2] == id_:
                    first, last = first or row, row
                    count = lines + text.count(b"\n", 0, at) + 1
                    data, context = data_and_context(row[7])
                    said = " ".join(each for each in (data, context) if each)
                    rows.append(LogRow(at=_text(row[0]), event=_text(row[6]), text=said, file=number, line=count))
                    if source.name not in named:
                        named.append(source.name)
                at = text.find(id_, end)
            lines += text.count(b"\n")
    if first is None or last is None:
        return LogConversation(session=session)
    return LogConversation(
        session=_text(id_),
        connector=_text(first[1]),
        local=_text(first[4] or last[4]),
        remote=_text(first[5] or last[5]),
        files=tuple(named),
        rows=tuple(rows),
    )


def _text(cell: bytes) -> str:
    return cell.decode("utf-8", "replace").strip()
