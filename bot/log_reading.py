"""Large logs out of Slack: fetched into a folder that is gone afterwards, and read in a process that may take so much and
no more.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from signal import SIGABRT, SIGKILL, SIGSEGV, SIGXCPU
from typing import Any, Final

from bot.log_process import NO_MEMORY
from diagnostics.logs.answer import find
from diagnostics.logs.layout import HEAD
from diagnostics.logs.sources import UnreadableLogError
from diagnostics.report import Report
from handlers.archives import holds_logs
from handlers.files import SlackFiles
from handlers.ports.files import FileRefusedError, SlackFile
from handlers.ports.logs import LogProgress, LogReading, NoLogError
from handlers.uploads import is_packed

logger = logging.getLogger(__name__)

_PREFIX: Final = "mailflow-log-"
_UNPACKED: Final = 40  # times the largest upload: so many times a log packs at best
_LONGEST_LINE: Final = 64 << 20  # bytes of what the process says at a time
_IN_NAMES: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TZ")
_TOO_MUCH: Final = (NO_MEMORY, -SIGABRT, -SIGKILL, -SIGSEGV)
_WHAT: Final = "SMTP send or receive, message tracking or connectivity log"
_HOLDS_NONE: Final = f"holds no {_WHAT}, and of what is packed and large I read only those."
_DO: Final = "Read it where it lies, with `mailflow diagnose`, or send the hours around the failure."


class LogProcessError(Exception):
    """The process that reads logs ended without an answer."""


@dataclass(slots=True)
class _Fetched:
    """What lies in the folder, and what does not and why."""

    names: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    texts: list[SlackFile] = field(default_factory=list)


class LogReader:
    """handlers.ports.logs.Logs. Sizes are in bytes: `most_bytes` of one message's files, `text_bytes` of a paste, `memory` of
    the process; `seconds` is the time that one reading may take."""

    def __init__(
        self, files: SlackFiles, *, most_bytes: int, text_bytes: int, memory: int = 1 << 30, seconds: float = 600.0
    ) -> None:
        self._files = files
        self._most_bytes = most_bytes
        self._text_bytes = text_bytes
        self.memory = memory
        self.seconds = seconds

    async def read(self, team: str, files: Sequence[SlackFile], progress: Callable[[LogProgress], None]) -> LogReading:
        """Raises NoLogError, LogProcessError, or what the network raises."""
        with _folder() as folder:
            fetched = await self._fetch(team, files, folder, progress)
            if not fetched.names:
                raise NoLogError(fetched.refusals, fetched.texts)
            said = await self._read(folder, fetched, progress)
        if "report" not in said:
            problems = said["problems"] or [f"{' and '.join(fetched.names)} {_HOLDS_NONE}"]
            raise NoLogError([*fetched.refusals, *problems], fetched.texts)
        report = Report.model_validate(said["report"])
        return LogReading(report, "\n\n".join(said["pastes"]), tuple(fetched.refusals), tuple(fetched.texts))

    async def _fetch(
        self, team: str, files: Sequence[SlackFile], folder: Path, progress: Callable[[LogProgress], None]
    ) -> _Fetched:
        fetched = _Fetched()
        left, total = self._most_bytes, sum(file.size for file in files)
        for file in files:
            before = self._most_bytes - left
            path = folder / _safe(file.name, fetched.names)
            if before and file.size > left:
                fetched.refusals.append(
                    f"{path.name} is left out, because the logs of one message are read up to "
                    f"{self._most_bytes / 1_000_000:g} MB together: send it in a message of its own."
                )
                continue
            try:
                await self._save(team, file, path, left, partial(_tell, progress, before, total))
            except FileRefusedError as refused:
                fetched.refusals.append(str(refused))
            except UnreadableLogError:
                self._refuse(file, path.name, fetched)
            else:
                if not await asyncio.to_thread(self._is_paste, file, path):
                    fetched.names.append(path.name)
                    left -= path.stat().st_size
                    continue
                fetched.texts.append(file)
            path.unlink(missing_ok=True)
        return fetched

    async def _save(self, team: str, file: SlackFile, path: Path, most_bytes: int, tell: Callable[[int], None]) -> None:
        """Fetches a file; `tell` hears how much of it is there once it is known to be a log.

        Raises UnreadableLogError as soon as the file is known to be none. An archive is known by its end, so it is looked into by
        the process that reads it.
        """
        known = False
        async with aclosing(self._files.save(team, file, path, most_bytes=most_bytes)) as saved:
            async for done in saved:
                known = known or (done >= HEAD and await asyncio.to_thread(_is_log, path))
                if known:
                    tell(done)
        if not known:
            await asyncio.to_thread(_is_log, path)

    def _is_paste(self, file: SlackFile, path: Path) -> bool:
        """Whether a packed file is one of texts that are small enough for a paste."""
        if not is_packed(file) or path.stat().st_size > self._text_bytes:
            return False
        return not holds_logs(file.name, path.read_bytes(), limit=self._text_bytes)

    def _refuse(self, file: SlackFile, name: str, fetched: _Fetched) -> None:
        if is_packed(file) and file.size > self._text_bytes:
            fetched.refusals.append(f"{name} {_HOLDS_NONE}")
        elif file.size > self._text_bytes:
            fetched.refusals.append(
                f"{name} is larger than the {self._text_bytes / 1_000_000:g} MB that I read, and it is no {_WHAT}. "
                "Please paste the part around the error."
            )
        else:
            fetched.texts.append(file)

    async def _read(self, folder: Path, fetched: _Fetched, progress: Callable[[LogProgress], None]) -> dict[str, Any]:
        """What the process said last; its problems where it was stopped."""
        which = fetched.names[0] if len(fetched.names) == 1 else "Reading these logs"
        asked = {"folder": str(folder), "names": fetched.names, "most": _UNPACKED * self._most_bytes}
        said: dict[str, Any] = {}
        try:
            async with asyncio.timeout(self.seconds), _process(self.memory, self.seconds) as process:
                assert process.stdin
                assert process.stdout
                process.stdin.write(json.dumps(asked).encode() + b"\n")
                async for line in process.stdout:
                    said = json.loads(line)
                    if "done" in said:
                        progress(LogProgress("reading", said["done"], said["total"]))
                code = await process.wait()
        except TimeoutError:
            return {"problems": [f"{which} took longer than {self.seconds:g} s, so I stopped. {_DO}"]}
        if code in _TOO_MUCH:
            return {"problems": [f"{which} needs more memory than one reading may take, so I stopped. {_DO}"]}
        if code == -SIGXCPU:
            return {"problems": [f"{which} took longer than {self.seconds:g} s, so I stopped. {_DO}"]}
        if code or not ("report" in said or "problems" in said):
            raise LogProcessError(f"exit code {code}")
        return said


@asynccontextmanager
async def _process(memory: int, seconds: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """It knows none of the bot's secrets, and is gone afterwards, whatever happens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # a file of the current folder is no module
        "-m",
        "bot.log_process",
        str(memory),
        str(round(seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LONGEST_LINE,
        env=_environment(),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Of ours only what a reading needs, and where our modules are."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(str(Path(place).absolute()) for place in sys.path if place)}


def _tell(progress: Callable[[LogProgress], None], before: int, total: int, done: int) -> None:
    progress(LogProgress("fetching", before + done, total))


def _is_log(path: Path) -> bool:
    """Whether what is there of a file opens as a log; False where only its end tells. Raises UnreadableLogError for no log."""
    with path.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            return False
    found = find([str(path)])
    if not found.logs:
        raise UnreadableLogError("no log")
    return True


def _safe(name: str, taken: Sequence[str]) -> str:
    """A name for the disk that people recognise: of the letters that are the same everywhere, and of no other file."""
    kept = "".join(char if char in _IN_NAMES else "_" for char in name)[-80:].lstrip(".") or "log"
    return kept if kept not in taken else f"{len(taken)}-{kept}"


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that only we may enter, and that is gone afterwards. Its lock says that somebody works in it."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep() -> None:
    """Removes what killed processes left: folders of ours that nobody holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
        except OSError:
            continue  # another user's, or gone
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
