"""Work shared with processes that are forked from this one, and so have loaded all that it has."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def shared(work: Callable[[Sequence[A]], list[B]], items: Sequence[A], workers: int) -> list[B]:
    """`work` of all items, one result for each of them in their order. A share of them is done in each of `workers` processes;
    here, where there is no fork or one of them died."""
    workers = min(workers, len(items))
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        return work(items)
    shares = [items[number::workers] for number in range(workers)]
    others = [(_begin(work, share), share) for share in shares[1:]]
    done = [work(shares[0]), *(_end(receive, work, share) for receive, share in others)]
    return [done[number % workers][number // workers] for number in range(len(items))]


def _begin(work: Callable[[Sequence[A]], list[B]], share: Sequence[A]) -> Connection:
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    context.Process(target=_work, args=(work, share, send), daemon=True).start()
    send.close()
    return receive


def _work(work: Callable[[Sequence[A]], list[B]], share: Sequence[A], send: Connection) -> None:
    with suppress(Exception):  # it is done again where it is waited for, and goes wrong there
        send.send(work(share))


def _end(receive: Connection, work: Callable[[Sequence[A]], list[B]], share: Sequence[A]) -> list[B]:
    with receive:
        try:
            found: list[B] = receive.recv()
        except EOFError:
            return work(share)
    return found
