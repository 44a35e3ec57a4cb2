"""Log lines: one JSON object each, with the delivery they belong to and never with what people pasted.

On a terminal they are for a person: the same, as words.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from diagnostics.redaction import redacted

OURS = ("bot", "handlers", "diagnostics")
# These put whole requests, answers and addresses with tickets into their messages.
SEES_PAYLOADS = ("slack_bolt", "slack_sdk", "aiohttp", "asyncio", "asyncpg", "opentelemetry", "urllib3")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default=MappingProxyType({}))


@contextmanager
def about(delivery: str = "", **more: str) -> Iterator[None]:
    """Every line logged inside carries this delivery id, and the other ids by their names; "" is left out."""
    given = {"delivery": delivery, **more}
    token = _ids.set({**_ids.get(), **{name: value for name, value in given.items() if value}})
    try:
        yield
    finally:
        _ids.reset(token)


def ids() -> Mapping[str, str]:
    """The ids that lines logged now carry."""
    return _ids.get()


def fields(record: logging.LogRecord) -> dict[str, object]:
    """All that is logged of a record. Every line of every handler is made of this and nothing else."""
    seen = record.name.startswith(SEES_PAYLOADS)
    line: dict[str, object] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": f"see {record.module}:{record.lineno}" if seen else redacted(record.getMessage()),
        **_ids.get(),
    }
    more = ((key, value) for key, value in vars(record).items() if key not in _STANDARD)
    line.update((key, without_secrets(value)) for key, value in more)
    if record.exc_info and record.exc_info[1]:
        line.update(described(record.exc_info[1]))
    return line


def without_secrets(value: Any) -> Any:
    """A field of a log line, with marks in the place of what must not get into logs: the last net, for what slipped
    through the rule that nothing of a paste is logged."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {str(without_secrets(str(key))): without_secrets(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [without_secrets(each) for each in value]
    return value


class JsonLines(logging.Formatter):
    """`logger.info("answered", extra={"kind": …})` becomes one line. Exceptions give type and place, but no
    message: a message may quote what was pasted."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(fields(record), ensure_ascii=False, default=lambda value: type(value).__name__)


class PlainLines(logging.Formatter):
    """The same for a person: `08:12:44 info answered  kind=message ms=41.2 delivery=6f1c…`."""

    def format(self, record: logging.LogRecord) -> str:
        line = fields(record)
        line.pop("logger")
        at, level, event = (str(line.pop(name)) for name in ("at", "level", "event"))
        more = " ".join(f"{key}={value}" for key, value in line.items())
        said = f"{at[11:19]} {level} {event}  {more}".rstrip()
        return "".join(char if char.isprintable() else " " for char in said)  # nothing drives the terminal


def described(error: BaseException) -> dict[str, object]:
    """What may be logged of an exception: its type and where it came from."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}


def configure(level: str) -> None:
    """Logs to standard error. Libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainLines() if sys.stderr.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
