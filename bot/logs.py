"""Log lines: one JSON object each, with the delivery they belong to and never with what people pasted."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from diagnostics.redaction import redacted

OURS = ("bot", "handlers", "diagnostics")
# These put whole requests, answers and addresses with tickets into their messages.
SEES_PAYLOADS = ("slack_bolt", "slack_sdk", "aiohttp", "asyncio", "asyncpg")

_delivery: ContextVar[str] = ContextVar("delivery", default="")


@contextmanager
def about(delivery: str) -> Iterator[None]:
    """Every line logged inside carries this delivery id."""
    token = _delivery.set(delivery)
    try:
        yield
    finally:
        _delivery.reset(token)


class JsonLines(logging.Formatter):
    """`logger.info("answered", extra={"thread": …})` becomes one line. Exceptions give type and place, but no
    message: a message may quote what was pasted."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name.startswith(SEES_PAYLOADS):
            line["event"] = f"see {record.module}:{record.lineno}"
        else:
            line["event"] = redacted(record.getMessage())
        if delivery := _delivery.get():
            line["delivery"] = delivery
        more = ((key, value) for key, value in vars(record).items() if key not in _STANDARD)
        line.update((key, without_secrets(value)) for key, value in more)
        if record.exc_info and record.exc_info[1]:
            line.update(described(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=lambda value: type(value).__name__)


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


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def described(error: BaseException) -> dict[str, object]:
    """What may be logged of an exception: its type and where it came from."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}


def configure(level: str) -> None:
    """Logs to standard error. Libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
