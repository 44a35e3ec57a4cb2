"""Puts the bot together and runs it: the one place where adapters meet ports."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from pydantic import SecretStr
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot import logs as log_lines
from bot.checks import Checks, closed_networks
from bot.database import NAME, Database, StartError, open_database
from bot.database.audit import Entry, append
from bot.database.cases import Cases
from bot.database.feedback import Feedback
from bot.database.history import History
from bot.database.inbox import Inbox
from bot.database.installations import Installations
from bot.database.notices import Notices
from bot.database.people import People
from bot.database.retention import Retention
from bot.database.told import Told
from bot.database.watches import WatchBook, WatchStore
from bot.health import Health, Reach
from bot.installing import Installing
from bot.jobs import Pace, ThreadLocks, Worker
from bot.log_reading import LogReader, sweep
from bot.oncall.composing import Surroundings, compose
from bot.oncall.deciding import Clock
from bot.oncall.escalations import Escalations
from bot.pacing import Pacing
from bot.permissions import Permissions
from bot.server import Server, servers
from bot.settings import Settings
from bot.slack import CALL_SECONDS, bolt, client, connect, respond
from bot.telemetry import Telemetry
from bot.tracing import tracing_of
from bot.watches.telling import Telling
from bot.watches.watcher import Watcher
from bot.workspaces import Workspaces, workspaces_of
from diagnostics import diagnose
from handlers import cards, home, register
from handlers.files import SlackFiles
from handlers.listeners import apologise, handle
from handlers.names import Names
from handlers.ports.permissions import May
from handlers.ports.services import Services
from handlers.ports.slack import NotInstalledError

logger = logging.getLogger(__name__)

FIRST = "550 4.4.7 QUEUE.Expired; message expired"


@dataclass
class Bot:
    """A composed bot: what listens, what works, and whether it is ready."""

    settings: Settings
    app: AsyncApp
    workspaces: Workspaces
    worker: Worker
    server: Server
    logs: LogReader
    watcher: Watcher
    reach: Reach
    telemetry: Telemetry
    escalations: Escalations
    metrics_server: Server | None = None
    ready: bool = False
    stopping: bool = False


def system_clock() -> datetime:
    return datetime.now(UTC)


def build(
    settings: Settings,
    database: Database,
    session: aiohttp.ClientSession,
    *,
    pace: Pace | None = None,
    clock: Clock = system_clock,
    telemetry: Telemetry | None = None,
) -> Bot:
    """Composes a bot from its settings, an open database and an HTTP session. Starts nothing. Raises SettingsError.

    `clock` is the one that escalations, watches and checks go by.
    """
    pace, telemetry = pace or Pace(), telemetry or Telemetry()
    speaking = partial(client, settings, session, telemetry, pacing=Pacing(pace.slack))
    installations = Installations(database)
    workspaces = workspaces_of(settings, installations, speaking)
    inbox = Inbox(database, telemetry)
    files = SlackFiles(session, workspaces.slack, api_url=settings.slack_api_url, most_bytes=settings.max_file_bytes)
    logs = LogReader(files, most_bytes=settings.max_log_bytes, text_bytes=settings.max_file_bytes)
    cases, names = Cases(database), Names(workspaces.slack)
    around = Surroundings(
        database,
        session,
        workspaces.slack,
        cases,
        names,
        draw=lambda thread: cards.refresh(services, thread),
        ready=lambda: bot.ready,
        clock=clock,
        pace=pace,
        telemetry=telemetry,
    )
    oncall = compose(settings, around)
    services = Services(
        inbox=inbox,
        cases=cases,
        history=History(database),
        slack=workspaces.slack,
        checks=Checks(database, settings, closed_networks(database.url), clock=clock, telemetry=telemetry),
        watches=WatchBook(database, most=settings.max_watches, clock=clock),
        files=files,
        logs=logs,
        permissions=_permissions(settings, workspaces, names, database),
        identity=workspaces.identity,
        removed=workspaces.removed,
        respond=partial(respond, session, telemetry, settings.slack_api_url),
        oncall=oncall.escalations,
        incidents=oncall.incidents,
        roster=oncall.roster,
        feedback=Feedback(database),
        told=Told(database),
        people=People(database),
        names=names.of,
        max_file_bytes=settings.max_file_bytes,
        alert_bots=settings.alert_bots,
        manual_url=settings.manual_url or "",
        straggler_seconds=pace.straggler,
    )
    watcher = _watcher(database, services, clock, pace)
    worker = _worker(
        settings, database, inbox, services, installations, watcher, oncall.escalations, pace=pace, telemetry=telemetry
    )
    app = bolt(settings, speaking(None), workspaces.identity)
    register(app, services)
    reach = Reach(settings.mode, started=lambda: bot.ready)
    health = Health(inbox, database.pool, telemetry.metrics, slack=reach)
    routes = (*oncall.routes, *_installing(settings, database, speaking(None), reach.started))
    http, metrics = servers(settings, app, health, routes, taking=lambda: bot.ready or bot.stopping)
    bot = Bot(settings, app, workspaces, worker, http, logs, watcher, reach, telemetry, oncall.escalations, metrics)
    return bot


def _worker(
    settings: Settings,
    database: Database,
    inbox: Inbox,
    services: Services,
    installations: Installations,
    watcher: Watcher,
    escalations: Escalations,
    *,
    pace: Pace,
    telemetry: Telemetry,
) -> Worker:
    return Worker(
        database,
        inbox,
        handle=partial(handle, services),
        apologise=partial(apologise, services),
        redraw=partial(home.refresh, services),
        retention=Retention(settings.retention_days, settings.retention_channels, settings.audit_days),
        pace=pace,
        telemetry=telemetry,
        installations=installations,
        watcher=watcher,
        escalations=escalations,
    )


def _installing(
    settings: Settings, database: Database, slack: AsyncWebClient, ready: Callable[[], bool]
) -> Sequence[web.RouteDef]:
    return Installing(settings, database, slack, ready=ready).routes() if settings.client_id else ()


def _permissions(settings: Settings, workspaces: Workspaces, names: Names, database: Database) -> Permissions:
    return Permissions(
        workspaces.slack,
        {
            "check": settings.may_check,
            "escalate": settings.may_escalate,
            "watch": settings.may_watch,
            "partner": settings.partners,
        },
        names,
        refused=partial(_note_refusal, database),
    )


def _watcher(database: Database, services: Services, clock: Clock, pace: Pace) -> Watcher:
    notices = Notices(database)
    return Watcher(
        WatchStore(database),
        notices,
        services.checks,
        deliver=Telling(notices, services, pace).deliver,
        clock=clock,
        locks=ThreadLocks(database.url, patience=pace.trivial),
        pace=pace,
    )


async def _note_refusal(database: Database, what: May, team: str, user: str) -> None:
    async with database.pool.acquire() as connection, connection.transaction():
        await append(connection, database.seal, Entry("refused", team, user=user, detail={"wanted": what}))


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    announce: Callable[[str], None] = lambda _url: None,
    pace: Pace | None = None,
    database_name: str = NAME,
    throwaway: bool = False,
    clock: Clock = system_clock,
) -> AsyncIterator[Bot]:
    """A bot at work. `announce` gets the address as soon as it listens. Raises StartError or SettingsError."""
    settings.require_slack()
    pace = pace or Pace()
    sweep()
    telemetry = Telemetry(tracing=tracing_of(settings))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, telemetry.tracing.close)
        on_query = telemetry.queried if telemetry.tracing.on else None
        database = await stack.enter_async_context(
            open_database(settings, name=database_name, throwaway=throwaway, on_query=on_query)
        )
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        bot = build(settings, database, session, pace=pace, clock=clock, telemetry=telemetry)
        await _listen(bot, stack)
        announce(bot.server.url)
        # What the first diagnosis has to load must not delay the first answer.
        await asyncio.gather(_start(bot), asyncio.to_thread(diagnose, FIRST))
        work = asyncio.create_task(bot.worker.run())
        stack.push_async_callback(_stop_working, bot, work, pace.stop)
        if settings.mode == "socket":
            handler = await connect(bot.app, settings.app_token)
            stack.push_async_callback(handler.close_async)
            bot.reach.socket = handler.client
        bot.ready = True
        try:
            yield bot
        finally:  # first of all, so that a balancer moves on; what still comes is stored until the server is closed
            bot.ready, bot.stopping = False, True


async def serve(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Runs the bot until SIGINT or SIGTERM. The first thing announced is the address of the HTTP side."""
    log_lines.configure(settings.log_level)

    async def run() -> None:
        async with running(settings, announce=announce):
            logger.info("ready", extra={"mode": settings.mode})
            await asyncio.Event().wait()

    await until_stopped(run)


async def playground(settings: Settings, port: int, *, announce: Callable[[str], None]) -> None:
    """Runs a local workspace and the same bot in it until SIGINT or SIGTERM, on loopback and on a database of its
    own that is dropped at the end. `announce` gets the address of the page."""
    from bot.playground.server import Playground  # a bot on Slack needs none of it

    log_lines.configure(settings.log_level)
    bot_token, app_token, signing_secret = (secrets.token_urlsafe(24) for _ in range(3))

    async def run() -> None:
        place = Playground(bot_token=bot_token, app_token=app_token, signing_secret=signing_secret, request_url=None)
        await place.start(port)
        try:
            local = settings.model_copy(
                update={
                    "bot_token": SecretStr(bot_token),
                    "client_id": None,
                    "signing_secret": SecretStr(signing_secret),
                    "slack_api_url": place.api_url,
                    "chosen_mode": "http",
                    "host": "127.0.0.1",
                    "port": 0,
                }
            )
            name = f"playground_{secrets.token_hex(6)}"
            async with running(local, database_name=name, throwaway=True) as bot:
                place.request_url = f"{bot.server.url}/slack/events"
                announce(place.url)
                await asyncio.Event().wait()
        finally:
            await place.stop()

    await until_stopped(run)


async def until_stopped(run: Callable[[], Any]) -> None:
    """Runs until it ends or a signal comes; then everything that was started is stopped in order."""
    task = asyncio.ensure_future(run())
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            raise
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(sign)


async def _listen(bot: Bot, stack: AsyncExitStack) -> None:
    settings = bot.settings
    for server, port, name in (
        (bot.server, settings.port, "MAILFLOW_PORT"),
        (bot.metrics_server, settings.metrics_port, "MAILFLOW_METRICS_PORT"),
    ):
        if server is None or port is None:
            continue
        try:
            await server.start(settings.host, port)
        except OSError as error:
            raise StartError(
                f"Cannot listen on {settings.host}:{port} ({error.strerror}). Set {name} to a free port."
            ) from error
        stack.push_async_callback(server.stop)


async def _start(bot: Bot) -> None:
    """Raises StartError."""
    await bot.workspaces.start()
    team = bot.escalations.team if bot.escalations else ""
    try:
        if team:
            await bot.workspaces.identity(team)
    except NotInstalledError:
        if bot.settings.bot_token:
            raise StartError("MAILFLOW_ONCALL_FILE: team is not the workspace that SLACK_BOT_TOKEN is for.") from None
        logger.warning(
            "nobody is paged yet: the on-call file's workspace has not installed the app", extra={"team": team}
        )


async def _stop_working(bot: Bot, work: asyncio.Task[None], patience: float) -> None:
    """What runs may finish; what takes longer is taken up again at the next start."""
    bot.worker.stop()
    done, _ = await asyncio.wait({work}, timeout=patience)
    if not done:
        work.cancel()
        await asyncio.wait({work})
