"""The failures of large logs as CSV, a row for each stretch of each failure, for spreadsheets and tickets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from diagnostics.logs.model import LogEpisode, LogFailure, LogSummary
from diagnostics.report import Report
from handlers.blocks import words
from handlers.blocks.outline import cleaned

_COLUMNS: Final = (
    "log",
    "connector",
    "error",
    "sessions",
    "began (UTC)",
    "ended (UTC)",
    "goes on",
    "worked until (UTC)",
    "works again since (UTC)",
    "others succeeded meanwhile",
    "what changed",
    "remote addresses",
    "first seen",
    "suspected causes",
)
_MOST_ROWS: Final = 5_000
_LONGEST: Final = 1_000
# A spreadsheet takes a cell that begins so for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def table(report: Report) -> bytes:
    """UTF-8 with a byte order mark, which spreadsheets want; nothing where nothing failed. No cell can be a formula."""
    log = report.log
    if log is None or not log.failures:
        return b""
    titles = {each.cause: each.title for each in report.findings}
    rows = [row for failure in log.failures for row in _rows(log, failure, titles)][:_MOST_ROWS]
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue().encode("utf-8-sig", "replace")


def _rows(log: LogSummary, failure: LogFailure, titles: dict[str, str]) -> Iterator[tuple[object, ...]]:
    first = failure.lines[0] if failure.lines else None
    seen = f"{words.file_name(log, first.file)}:{first.line}" if first else ""
    for episode in failure.episodes:
        latest = episode is failure.episodes[-1]
        yield (
            words.kind(failure.kind),
            failure.connector,
            failure.error,
            episode.sessions,
            episode.began,
            episode.ended,
            "yes" if latest and failure.ongoing else "no",
            episode.last_success,
            episode.next_success,
            "no" if episode.steady else "yes",
            "; ".join(_changes(episode)),
            "; ".join((*failure.remotes, *_more(failure))),
            seen if latest else "",
            "; ".join(titles.get(cause, cause) for cause in failure.causes) if latest else "",
        )


def _more(failure: LogFailure) -> tuple[str, ...]:
    others = failure.other_remotes
    return (f"{others.sessions:,} sessions with others",) if others else ()


def _changes(episode: LogEpisode) -> Iterator[str]:
    return (f"{each.what}: {each.before} to {each.after} when it {each.moment}" for each in episode.changes)


def _cell(value: object) -> str:
    text = " ".join(cleaned(str(value)).split())[:_LONGEST]
    return f"'{text}" if text.startswith(_FORMULA) else text
