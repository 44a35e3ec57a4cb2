"""Checks on behalf of people in Slack: one of a target at a time, not too many, and in the audit who asked for what.

A run's row is kept for as long as it counts: for its result, which answers again within seconds, and for the limits.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID

from bot.check_settings import network_of, options_of, scope_of
from bot.database import Database
from bot.database.audit import Entry, append
from bot.database.columns import CHECK_REPORT
from bot.settings import Settings
from bot.telemetry import Telemetry
from diagnostics.checks import Attempt, CheckReport, check, target_of
from diagnostics.checks.scope import IpNetwork
from handlers.ports.checks import Asker, CheckRefusedError, CheckResult

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

logger = logging.getLogger(__name__)

FRESH_SECONDS: Final = 30.0  # a result of this age still answers
_MINUTE: Final = 60.0
_PER_ASKER: Final = 6  # checks in a minute
_PER_TARGET: Final = 10  # checks in ten minutes, whoever asks: the target has not asked for any of them
_TARGET_SECONDS: Final = 600.0
_GRACE: Final = 10.0  # seconds beyond a check's own deadline after which its process counts as dead
_LOOK_AGAIN: Final = 0.3


@dataclass
class _Live:
    """A check under way in this process: what it has found, and who listens."""

    attempts: list[Attempt] = field(default_factory=list)
    listeners: list[Callable[[Attempt], None]] = field(default_factory=list)

    def tell(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        for listener in self.listeners:
            listener(attempt)


def closed_networks(database_url: str) -> tuple[IpNetwork, ...]:
    """The addresses of the bot's own database: no check connects there, whatever is allowed."""
    host = urlsplit(database_url).hostname or ""
    try:
        found = {row[4][0] for row in socket.getaddrinfo(host, None)} if host else set()
    except OSError:
        return ()
    return tuple(ipaddress.ip_network(str(address).partition("%")[0]) for address in sorted(map(str, found)))


class Checks:
    """handlers.ports.checks.Checks on PostgreSQL: several replicas share limits, results and checks under way."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        closed: tuple[IpNetwork, ...] = (),
        *,
        clock: Callable[[], datetime],
        telemetry: Telemetry | None = None,
    ) -> None:
        self._telemetry = telemetry or Telemetry()
        self._pool = database.pool
        self._seal = database.seal
        self._settings = settings
        self._scope = scope_of(settings, closed)
        self._clock = clock
        self._live: dict[UUID, _Live] = {}

    async def run(self, text: str, asker: Asker, progress: Callable[[Attempt], None]) -> CheckResult:
        """The result for a target: a fresh one, the one under way, or a new one. Raises TargetError or CheckRefusedError."""
        target = str(target_of(text))
        while True:
            row, mine = await self._claim(target, asker)
            if mine:
                return await self._carry_out(row["id"], target, progress)
            if row["finished_at"] is not None:
                return await self._result(row)
            found = await self._join(row["id"], progress)
            if found is not None:
                return found

    async def _claim(self, target: str, asker: Asker) -> tuple[asyncpg.Record, bool]:
        """The row to wait for or to answer from; or, when it is ours to do, the new one and True."""
        dead = self._settings.check_timeout + _GRACE
        mark = self._seal.mark("target", target)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"{asker.team} {target}")
            row = await connection.fetchrow(
                "select *, extract(epoch from now() - finished_at)::float8 as age from check_run "
                "where team = $1 and target = $2 and case when finished_at is null "
                "then started_at > now() - $3::interval else report is not null and finished_at > now() - $4::interval end "
                "order by started_at desc limit 1",
                asker.team,
                mark,
                timedelta(seconds=dead),
                timedelta(seconds=FRESH_SECONDS),
            )
            if row is not None:
                return row, False
            await self._limit(connection, mark, asker)
            row = await connection.fetchrow(
                "insert into check_run (team, target, asker, channel) values ($1, $2, $3, $4) returning *",
                asker.team,
                mark,
                asker.user,
                asker.channel,
            )
            entry = Entry("checked", asker.team, asker.channel, asker.user, {"target": target})
            await append(connection, self._seal, entry)
        return row, True

    async def _limit(self, connection: asyncpg.Connection, mark: bytes, asker: Asker) -> None:
        for column, value, most, seconds, whose in (
            ("asker", asker.user, _PER_ASKER, _MINUTE, "you have had"),
            ("target", mark, _PER_TARGET, _TARGET_SECONDS, "this target has had"),
        ):
            row = await connection.fetchrow(
                f"select count(*) as runs, extract(epoch from min(started_at) + $3::interval - now())::float8 as wait "  # noqa: S608 - the column is one of two words above
                f"from check_run where team = $1 and {column} = $2 and started_at > now() - $3::interval",
                asker.team,
                value,
                timedelta(seconds=seconds),
            )
            if row["runs"] >= most:
                wait = max(1, round(row["wait"]))
                raise CheckRefusedError(
                    f"Not now: {whose} {most} checks in {round(seconds / 60)} min. Try again in {wait} s."
                )

    async def _carry_out(self, run: UUID, target: str, progress: Callable[[Attempt], None]) -> CheckResult:
        live = self._live[run] = _Live(listeners=[progress, self._telemetry.looked])
        try:
            with self._telemetry.check() as done:
                report = await check(
                    target,
                    scope=self._scope,
                    network=network_of(self._settings),
                    options=options_of(self._settings, now=self._clock()),
                    progress=live.tell,
                )
                done(report)
        except BaseException:
            await self._pool.execute("delete from check_run where id = $1", run)  # nobody waits for it in vain
            raise
        finally:
            del self._live[run]
        await self._pool.execute(
            "update check_run set finished_at = now(), verdict = $2, report = $3 where id = $1",
            run,
            report.verdict,
            self._seal.close(report.model_dump_json(), CHECK_REPORT.at(run)),
        )
        logger.info("checked", extra={"verdict": report.verdict, "attempts": len(report.attempts)})
        return CheckResult(report)

    async def _join(self, run: UUID, progress: Callable[[Attempt], None]) -> CheckResult | None:
        """The result of a check that somebody else asked for a moment ago; None when its process died."""
        live = self._live.get(run)
        if live:
            for attempt in live.attempts:
                progress(attempt)
            live.listeners.append(progress)
        async with asyncio.timeout(self._settings.check_timeout + 2 * _GRACE):
            while True:
                row = await self._pool.fetchrow(
                    "select *, extract(epoch from now() - finished_at)::float8 as age, "
                    "started_at < now() - $2::interval as dead from check_run where id = $1",
                    run,
                    timedelta(seconds=self._settings.check_timeout + _GRACE),
                )
                if row is None or (row["finished_at"] is None and row["dead"]):
                    return None
                if row["finished_at"] is not None:
                    return await self._result(row)
                await asyncio.sleep(_LOOK_AGAIN)

    async def _result(self, row: asyncpg.Record) -> CheckResult:
        report = await self._seal.open(row["report"], CHECK_REPORT.at(row["id"]))
        return CheckResult(CheckReport.model_validate_json(report), row["age"])
