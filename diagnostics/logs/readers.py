"""Processes that read parts of a log at the same time, this one among them.

A pool of the standard library would do, but for two things: it takes 20 ms to start and to end, and it waits for ever for a
process that was killed.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from msgspec import Struct, field

from diagnostics.logs.parts import Outcome, Part, read_part

_POLL: Final = 0.1  # seconds between two looks at whether to stop, while waiting for a process
_AT_FIRST: Final = 3  # parts that a process gets, so that it goes on while nobody looks at what it answers
_LATER: Final = 2  # so that it goes on while this process reads a part of its own
_ROOM: Final = 1 << 20  # bytes of answers that wait to be heard; one has some 300 KB
_AHEAD: Final = 4  # parts of each process that are begun before their turn


class _Reader(Struct, eq=False):
    """A process, and the numbers of the parts that it has not answered yet, in their order."""

    process: BaseProcess
    parts: Connection
    answers: Connection
    numbers: deque[int] = field(default_factory=deque)


class Readers:
    """`workers` counts this process, which reads while it waits. `outcomes` may be asked for once."""

    def __init__(self, parts: Sequence[Part], workers: int) -> None:
        self._parts = parts
        self._workers = workers
        self._next: deque[int] = deque(range(len(parts)))
        self._done: dict[int, Outcome] = {}
        self._readers = [_begun() for _ in range(workers - 1)]
        self._give(0, _AT_FIRST)

    def outcomes(self, stop: Callable[[], bool] | None) -> Iterator[tuple[Part, Outcome | None]]:
        """What the parts held, in their order; None for the part at which `stop` said True. What a process left undone that died
        is read here."""
        try:
            for number, part in enumerate(self._parts):
                while number not in self._done:
                    if stop is not None and stop():
                        yield part, None
                        return
                    self._hear(0 if self._is_next(number) else _POLL)
                    self._give(number, _LATER)
                    if number not in self._done and self._is_next(number):
                        mine = self._next.popleft()
                        self._done[mine] = read_part(self._parts[mine], stop)
                yield part, self._done.pop(number)
        finally:
            for reader in self._readers:
                reader.parts.close()
                reader.answers.close()
                reader.process.terminate()

    def _is_next(self, turn: int) -> bool:
        """Whether a part waits that is not far behind the one whose `turn` it is.

        Results wait in memory, and of a log that names very many, adding them up may take longer than reading.
        """
        return bool(self._next) and self._next[0] < turn + _AHEAD * self._workers

    def _give(self, turn: int, most: int) -> None:
        """Hand out parts, one after the other to each other process that has fewer than `most`."""
        for _ in range(most):
            for reader in self._readers:
                if self._is_next(turn) and len(reader.numbers) < most:
                    reader.numbers.append(self._next.popleft())
                    with suppress(OSError):  # it died, which shows where it is heard
                        reader.parts.send(self._parts[reader.numbers[-1]])

    def _hear(self, patience: float) -> None:
        """Take what has been read, if anything was within so many seconds."""
        ready = wait([reader.answers for reader in self._readers], patience)
        for reader in [each for each in self._readers if each.answers in ready]:
            try:
                outcome: Outcome | Exception = reader.answers.recv()
            except (EOFError, OSError):
                self._readers.remove(reader)
                self._next = deque(sorted((*reader.numbers, *self._next)))
                continue
            if isinstance(outcome, Exception):
                raise outcome
            self._done[reader.numbers.popleft()] = outcome


def _begun() -> _Reader:
    parts, give = multiprocessing.Pipe(duplex=False)
    answers, answer = multiprocessing.Pipe(duplex=False)
    with suppress(ImportError, OSError):  # elsewhere than on Linux it waits until it is heard
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(answer.fileno(), F_SETPIPE_SZ, _ROOM)
    process = multiprocessing.Process(target=_read, args=(parts, answer), daemon=True)
    process.start()
    parts.close()
    answer.close()
    return _Reader(process, give, answers)


def _read(parts: Connection, answer: Connection) -> None:
    """Read parts until no more come, or nobody listens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that the person talks to; it ends this one
    with suppress(EOFError, OSError):
        while True:
            answer.send(_outcome(parts.recv()))


def _outcome(part: Part) -> Outcome | Exception:
    try:
        return read_part(part)
    except Exception as problem:  # noqa: BLE001 - raised again where it is waited for
        return problem
