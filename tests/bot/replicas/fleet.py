"""Replicas in processes of their own on one database, and what stands between them and Slack."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.bot.replicas import child

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([child.__name__])
_HELD = ("content-type", "x-slack-request-timestamp", "x-slack-signature", "x-slack-retry-num", "x-slack-retry-reason")


@dataclass
class Replica:
    """One process. `url` is where it listens, "" until it does; `armed` the point where it is to die."""

    process: ForkServerProcess
    folder: Path
    url: str = ""
    armed: str = ""
    stopping: bool = False

    def arm(self, point: str, number: int = 1) -> None:
        """Has it die when it comes to `point` for the `number`-th time; "" for never."""
        self.armed = point
        _write(self.folder / "armed", f"{number} {point}")

    def passed(self) -> set[str]:
        return set((self.folder / "passed").read_text().splitlines())

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    @property
    def memory(self) -> int:
        """The most that it ever held, in kB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0])

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def terminate(self) -> None:
        self.stopping = True
        os.kill(self.process.pid or 0, signal.SIGTERM)


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)  # whoever reads it finds a whole one


@dataclass
class Fleet:
    environ: Mapping[str, str]
    folder: Path
    replicas: list[Replica] = field(default_factory=list)
    quick: bool = True
    _count: int = 0

    async def start(self) -> Replica:
        """A new replica, once it is ready."""
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir()
        (folder / "passed").touch()
        _write(folder / "armed", "0 ")
        receive, send = FORKS.Pipe(duplex=False)
        arguments = (dict(self.environ), str(folder), send)
        process = FORKS.Process(target=child.main, args=arguments, kwargs={"quick": self.quick}, daemon=True)
        await asyncio.to_thread(process.start)
        send.close()
        replica = Replica(process, folder)
        self.replicas.append(replica)
        try:
            url = await asyncio.wait_for(asyncio.to_thread(receive.recv), 60)
            await asyncio.wait_for(asyncio.to_thread(receive.recv), 60)
            replica.url = url
        finally:
            receive.close()
        return replica

    def bury(self) -> list[Replica]:
        """Takes the dead out; who they were."""
        dead = [each for each in self.replicas if not each.alive]
        self.replicas = [each for each in self.replicas if each not in dead]
        for each in dead:
            each.process.join()
        return dead

    def stop(self) -> None:
        for each in self.replicas:
            each.kill()
        self.replicas.clear()


class Balancer:
    """Stands between Slack and the replicas, over HTTP. `all`: every replica gets every request, else any one of them, and
    another one when that can't be reached. Acknowledged is what one of them acknowledged."""

    def __init__(self, fleet: Fleet, *, everywhere: bool, seed: int = 0) -> None:
        self._fleet = fleet
        self._everywhere = everywhere
        self._random = random.Random(seed)
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Balancer:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        application = web.Application()
        application.router.add_post("/slack/events", self._pass_on)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session
        assert self._runner
        await self._runner.cleanup()
        await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() in _HELD}
        there = [each.url for each in self._fleet.replicas if each.url]
        self._random.shuffle(there)
        if self._everywhere:
            said = await asyncio.gather(*(self._ask(url, body, headers) for url in there))
        else:
            said = [await self._first(there, body, headers)]
        return min(said, key=lambda each: each.status, default=web.Response(status=503))

    async def _first(self, there: list[str], body: bytes, headers: Mapping[str, str]) -> web.Response:
        for url in there:
            if (said := await self._ask(url, body, headers)).status not in (502, 503):
                return said
        return web.Response(status=503)

    async def _ask(self, url: str, body: bytes, headers: Mapping[str, str]) -> web.Response:
        assert self._session
        try:
            async with self._session.post(f"{url}/slack/events", data=body, headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read())
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return web.Response(status=502)
