"""Reads logs in a process of its own, for the bot: python -P -m bot.log_process MEMORY SECONDS

One JSON object comes in on standard input: {"folder", "names", "most"}. Lines of JSON go out: {"done", "total"} in bytes while
it reads, then {"report", "pastes"}, or {"problems"} where there is no log to read. The process gives way to others, may take
MEMORY bytes and SECONDS of processor time, and ends when whoever started it does. Exit code NO_MEMORY: it needed more.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from diagnostics.logs.answer import Found, find, read_logs, warm
from diagnostics.logs.finding import without_copies
from diagnostics.logs.reading import Progress
from diagnostics.logs.sources import UnreadableLogError

NO_MEMORY: Final = 3
_NICE: Final = 10
_EACH: Final = 0.2  # seconds between two words on progress


def main(memory: int, seconds: int) -> int:
    """The exit code."""
    warm()  # before the limits: a module that finds no memory fails in ways of its own
    asked = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_bot, daemon=True).start()
    bound(memory, seconds)
    try:
        _say(_answer(asked["folder"], asked["names"], asked["most"]))
    except MemoryError:
        return NO_MEMORY
    return 0


def bound(memory: int, seconds: int) -> None:
    """What this process may take, from here on."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the log


def _answer(folder: str, names: list[str], most: int) -> dict[str, Any]:
    try:
        found = _named(without_copies(find([str(Path(folder) / name) for name in names], most=most)), folder)
    except UnreadableLogError as problem:
        return {"problems": [_without(folder, str(problem))]}
    if not found.logs:
        return {"problems": found.problems}
    answer = read_logs(found, progress=_Teller().tell)
    return {"report": answer.report.model_dump(mode="json"), "pastes": answer.pastes}


def _named(found: Found, folder: str) -> Found:
    """The logs under the names that they have in Slack: where they lie here is nobody's business."""
    logs = [
        replace(known, source=replace(known.source, name=_without(folder, known.source.name))) for known in found.logs
    ]
    return replace(found, logs=logs, problems=[_without(folder, problem) for problem in found.problems])


def _without(folder: str, text: str) -> str:
    return text.replace(f"{folder}{os.sep}", "")


class _Teller:
    """Says now and then how far the reading is."""

    def __init__(self) -> None:
        self._said = 0.0

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._said >= _EACH:
            self._said = now
            _say({"done": progress.done, "total": progress.total})


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _end_with_the_bot() -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not through sys.stdin: its lock would be held when all is over
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
