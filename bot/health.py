"""Whether the bot can do its work, for whoever watches over it, and the address of its metrics."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type information
from aiohttp import web
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.database import within
from bot.database.inbox import Inbox, Waiting
from bot.database.statistics import Statistics, statistics
from bot.metrics import Metrics
from bot.settings import Mode
from diagnostics.checks.scope import inner

logger = logging.getLogger(__name__)

MOST_LAG: Final = 300.0
"""Seconds. Slack delivers for the last time after five minutes: whoever has waited for longer was left alone."""
_FRESH: Final = 1.0  # seconds that an answer of the database is good for, so that probes cost it nothing
_PATIENCE: Final = 2.0
_COUNTED: Final = 60.0  # seconds that statistics are good for: counting a month costs more than a probe
_MONTH: Final = timedelta(days=30)
_OK: Final = "ok"
_LANE: Final = "delivery"  # a large log may take its minutes
_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_NOT_HERE: Final = (
    "On this port /metrics is for this machine alone. Set MAILFLOW_METRICS_PORT to give it a port of its own.\n"
)


@dataclass(frozen=True)
class Readiness:
    """`parts` says of each part of this process "ok", or in words what keeps it from working. Holds no secrets.

    `jobs` says the same of the work that all replicas share. It makes none of them unready: one thread that is stuck would
    take every one out of its balancer at once, and what Slack sends only once would be lost.
    """

    parts: Mapping[str, str]
    jobs: str = _OK

    @property
    def ready(self) -> bool:
        return all(said == _OK for said in self.parts.values())


class Reach:
    """Whether Slack reaches the bot; `socket` is set once it is open. Called, it says "" or what is in the way."""

    def __init__(self, mode: Mode, *, started: Callable[[], bool]) -> None:
        self.socket: SocketModeClient | None = None
        self.started = started
        self._mode = mode

    async def __call__(self) -> str:
        if not self.started():
            return "the bot is stopping, or starting and Slack has not said yet who it is"
        if self._mode == "socket" and not (self.socket and await self.socket.is_connected()):
            return "the socket is closed"
        return ""


class Health:
    def __init__(self, inbox: Inbox, pool: asyncpg.Pool, metrics: Metrics, *, slack: Reach) -> None:
        self._inbox = inbox
        self._pool = pool
        self._metrics = metrics
        self.slack = slack
        self._lanes: Mapping[str, Waiting] | None = None
        self._looked = float("-inf")
        self._one_at_a_time = asyncio.Lock()
        self._statistics: Statistics | None = None
        self._counted = float("-inf")

    async def readiness(self) -> Readiness:
        lanes = await self._waiting()
        database = _OK if lanes is not None else "does not answer"
        lag = lanes[_LANE].lag if lanes else 0.0
        jobs = (
            _OK if lag <= MOST_LAG else f"the oldest open delivery has waited {lag:.0f} s, more than {MOST_LAG:.0f} s"
        )
        return Readiness({"database": database, "slack": await self.slack() or _OK}, jobs)

    async def _waiting(self) -> Mapping[str, Waiting] | None:
        """What is open, by lane; None when the database doesn't say."""
        async with self._one_at_a_time:
            if time.monotonic() - self._looked > _FRESH:
                try:
                    self._lanes = await within(_PATIENCE, self._inbox.waiting())
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    logger.warning("the database does not answer", extra={"reason": type(error).__name__})
                    self._lanes = None
                self._looked = time.monotonic()
            return self._lanes

    async def _count(self) -> Statistics | None:
        """What became of the incidents of the last month; None when the database doesn't say."""
        async with self._one_at_a_time:
            if time.monotonic() - self._counted > _COUNTED:
                try:
                    self._statistics = await within(_PATIENCE, statistics(self._pool, "", datetime.now(UTC) - _MONTH))
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    logger.warning("incidents could not be counted", extra={"reason": type(error).__name__})
                    self._statistics = None
                self._counted = time.monotonic()
            return self._statistics

    async def exposed(self, request: web.Request) -> web.Response:
        """`/metrics`, on a port of its own."""
        state = await self.readiness()
        self._metrics.stand(ready=state.ready, lanes=await self._waiting(), pool=self._pool)
        self._metrics.tell(await self._count())
        body, content_type = self._metrics.exposed(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def exposed_here(self, request: web.Request) -> web.Response:
        """`/metrics` on the port that Slack may reach: for this machine alone, and not through a proxy on it."""
        if not _is_here(request.remote) or any(name in request.headers for name in _FORWARDED):
            return web.Response(status=403, text=_NOT_HERE)
        return await self.exposed(request)


def _is_here(peer: str | None) -> bool:
    try:
        address = ip_address((peer or "").partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or inner(address).is_loopback
