"""`mailflow diagnose` over large logs: which arguments mean one, progress, Ctrl-C, one conversation, a growing log."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from handlers.plaintext import PASTED_LOG

if TYPE_CHECKING:
    from diagnostics.logs.answer import Found
    from diagnostics.logs.reading import Progress
    from diagnostics.logs.tally import Only
    from diagnostics.report import Report

_PACKED: Final = (b"\x1f\x8b", b"PK\x03\x04")
_POLL: Final = 1.0  # seconds between two looks at a growing log
_PATIENCE: Final = 1.0  # seconds before progress is shown
_GIB: Final = 1 << 30
_STANDARD_INPUT: Final = "standard input"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    since: str = ""
    until: str = ""
    connector: str = ""
    session: str = ""
    follow: bool = False
    unpacked: int = 0
    jobs: int = 0
    as_json: bool = False

    @property
    def any(self) -> bool:
        return bool(self.since or self.until or self.connector or self.session or self.follow or self.unpacked)


class LargeInputError(Exception):
    """Standard input is a log that is larger than a paste. `start` is what was read of it."""

    def __init__(self, start: bytes) -> None:
        super().__init__("a large log on standard input")
        self.start = start


def standard_input(limit: int, *, alone: bool) -> bytes:
    """What a person pastes or a program sends, and one byte more where that is over `limit`. Raises LargeInputError for a log
    that is no paste: `alone`, a smaller one than beside other texts."""
    most = min(limit, PASTED_LOG) if alone else limit
    start = sys.stdin.buffer.read(most + 1)
    if len(start) > most and _is_log(start):
        raise LargeInputError(start)
    return start + sys.stdin.buffer.read(max(limit + 1 - len(start), 0))


@contextmanager
def on_disk(files: Sequence[str], start: bytes) -> Iterator[tuple[list[str], str]]:
    """The files, and which of them holds standard input, gone afterwards: a log is read twice, and a pipe only once."""
    if "-" not in files:
        yield list(files), ""
        return
    import shutil  # beside their only user: a small paste waits for no import
    import tempfile

    with tempfile.NamedTemporaryFile(prefix="mailflow-", suffix=".log") as copy:
        copy.write(start)
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield [copy.name if name == "-" else name for name in files], copy.name


def utc(value: str) -> str:
    """A time as the logs write it. Raises click.BadParameter for what is none."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time: write 2026-11-18, or 2026-11-18T08:00 (UTC).") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def means_logs(files: Sequence[str], limit: int) -> bool:
    """Whether the arguments are logs rather than a paste and its follow-ups.

    They are when one is a folder, a pattern, larger than `limit` bytes, or an archive of logs; and when all of them open as a log
    does. A single small log is a paste: its answer says more about the one session in it.
    """
    paths = [Path(name) for name in files if name != "-"]
    if any(path.is_dir() or (not path.exists() and any(c in str(path) for c in "*?[")) for path in paths):
        return True
    if any(path.is_file() and (path.stat().st_size > limit or _holds_logs(path, limit)) for path in paths):
        return True
    many = len(paths) > 1 or (
        len(files) == 1 and any(path.is_file() and path.stat().st_size > PASTED_LOG for path in paths)
    )
    return many and all(path.is_file() and _is_log(_opens(path, 4096)) for path in paths)


def _holds_logs(path: Path, limit: int) -> bool:
    if not _opens(path, 4).startswith(_PACKED):
        return False
    from handlers.archives import holds_logs  # a paste from one file needs none of this

    return holds_logs(path.name, path.read_bytes(), limit=limit)


def _opens(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def _is_log(content: bytes) -> bool:
    from diagnostics.logs.layout import is_header  # a paste from one file needs none of this

    start = content[:4096]
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    return is_header(start.decode("utf-16" if wide else "utf-8-sig", "replace"))


def run(files: Sequence[str], options: Options, show: Callable[[Report], None], copy: str = "") -> int:
    """Answer, and return the exit code. `copy` is the file that holds standard input.

    Raises UnreadableLogError or OSError for what can't be read.
    """
    from diagnostics.logs.finding import find, without_copies
    from diagnostics.logs.sources import MOST_UNPACKED, UnreadableLogError

    most = options.unpacked * _GIB or MOST_UNPACKED
    found = _named(find(files, most=most), copy) if copy else find(files, most=most)
    if not found.logs:
        raise UnreadableLogError(found.problems[0] if found.problems else "There is no log in this.")
    if options.follow:
        return _follow(files, found, options, most, show)
    found = without_copies(found)
    if options.session:
        return _session(found, options)
    report = _answer(found, options)
    show(report)
    return 1 if report.verdict in ("failure", "unknown") else 0


def _named(found: Found, copy: str) -> Found:
    """Standard input by its own name: where its copy lies tells a person nothing."""
    from msgspec.structs import replace

    logs = [
        replace(known, source=replace(known.source, name=_STANDARD_INPUT)) if known.source.path == copy else known
        for known in found.logs
    ]
    return replace(found, logs=logs, problems=[each.replace(copy, _STANDARD_INPUT) for each in found.problems])


def _only(options: Options) -> Only:
    from diagnostics.logs.tally import Only

    return Only(options.since, options.until, options.connector)


def _answer(found: Found, options: Options) -> Report:
    from diagnostics.logs.answer import answer

    bar = _Bar()
    gc.disable()  # the command is over soon: looking for cycles once would take longer than all that it would give back
    with _interruptible() as stop:
        report = answer(
            found,
            _only(options),
            workers=options.jobs or _cores(),
            progress=bar.show if bar.wanted else None,
            stop=stop,
        )
    bar.clear()
    gc.freeze()  # the command is over soon, and its end would walk through all that was loaded
    return report


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Bar:
    """Progress on the terminal, on anything over a second."""

    def __init__(self) -> None:
        self.wanted = sys.stderr.isatty()
        self._began = time.monotonic()
        self._shown = False

    def show(self, progress: Progress) -> None:
        from handlers.blocks.logs import pace

        seconds = time.monotonic() - self._began
        if seconds > _PATIENCE:
            click.echo(f"\r{pace(progress.done, progress.total, seconds)}\x1b[K", err=True, nl=False)
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C ends the reading, and what is known so far is shown; a second one ends the command."""
    pressed: list[int] = []

    def press(number: int, _frame: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def _session(found: Found, options: Options) -> int:
    from bot.log_terminal import conversation as drawn
    from diagnostics.logs.conversation import conversation
    from diagnostics.logs.sources import UnreadableLogError

    told = conversation([(known.source, known.layout) for known in found.logs], options.session)
    if not told.rows:
        raise UnreadableLogError(f"There is no session {options.session} in these logs.")
    if options.as_json:
        click.echo(told.model_dump_json(indent=2))
    else:
        click.echo(drawn(told, 0), nl=False)
    return 0


def _follow(files: Sequence[str], found: Found, options: Options, most: int, show: Callable[[Report], None]) -> int:
    from diagnostics.logs.answer import find
    from diagnostics.logs.following import Follower

    follower = Follower(found, _only(options))
    failed = False
    with _interruptible() as stop:
        while not stop():
            for report in follower.poll():
                failed = True
                show(report)
            sys.stdout.flush()
            time.sleep(_POLL)
            follower.add(find(files, most=most))
    return 1 if failed else 0
