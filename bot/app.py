"""Puts the bot together and runs it: the one place where adapters meet ports."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
from pydantic import SecretStr
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot import logs as log_lines
from bot.checks import Checks, closed_networks
from bot.database import NAME, Database, StartError, open_database
from bot.database.cases import Cases
from bot.database.feedback import Feedback
from bot.database.history import History
from bot.database.inbox import Inbox
from bot.database.retention import Retention
from bot.jobs import Pace, Worker
from bot.log_reading import LogReader, sweep
from bot.oncall.composing import Surroundings, compose
from bot.oncall.deciding import Clock
from bot.oncall.escalations import Escalations
from bot.server import Server
from bot.settings import Settings
from bot.slack import CALL_SECONDS, Me, bolt, client, connect, identify, respond
from diagnostics import diagnose
from handlers import cards, register
from handlers.files import SlackFiles
from handlers.listeners import apologise, handle
from handlers.names import Names
from handlers.ports import Services

logger = logging.getLogger(__name__)

FIRST = "550 4.4.7 QUEUE.Expired; message expired"


@dataclass
class Bot:
    """A composed bot: what listens, what works, and whether it is ready."""

    settings: Settings
    app: AsyncApp
    slack: AsyncWebClient
    worker: Worker
    server: Server
    me: Me
    logs: LogReader
    escalations: Escalations
    ready: bool = False


def system_clock() -> datetime:
    return datetime.now(UTC)


def build(
    settings: Settings,
    database: Database,
    session: aiohttp.ClientSession,
    *,
    pace: Pace | None = None,
    clock: Clock = system_clock,
) -> Bot:
    """Composes a bot from its settings, an open database and an HTTP session. Starts nothing. Raises SettingsError.

    `clock` is the one that escalations go by.
    """
    pace = pace or Pace()
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    me = Me()
    slack = client(settings, session, token)
    inbox = Inbox(database)
    files = SlackFiles(session, token=token, api_url=settings.slack_api_url, most_bytes=settings.max_file_bytes)
    logs = LogReader(files, most_bytes=settings.max_log_bytes, text_bytes=settings.max_file_bytes)
    cases, names = Cases(database), Names(slack)
    oncall = compose(
        settings,
        Surroundings(
            database,
            session,
            slack,
            cases,
            names,
            draw=lambda thread: cards.refresh(services, thread),
            ready=lambda: bot.ready,
            clock=clock,
            pace=pace,
        ),
    )
    services = Services(
        inbox=inbox,
        cases=cases,
        history=History(database),
        slack=slack,
        checks=Checks(database, settings, closed_networks(database.url)),
        files=files,
        logs=logs,
        identity=me,
        respond=partial(respond, session),
        oncall=oncall.escalations,
        incidents=oncall.incidents,
        feedback=Feedback(database),
        names=names.of,
        max_file_bytes=settings.max_file_bytes,
        alert_bots=settings.alert_bots,
        manual_url=settings.manual_url or "",
        straggler_seconds=pace.straggler,
    )
    worker = Worker(
        database,
        inbox,
        handle=partial(handle, services),
        apologise=partial(apologise, services),
        retention=Retention(settings.retention_days, settings.retention_channels, settings.audit_days),
        pace=pace,
        escalations=oncall.escalations,
    )
    app = bolt(settings, session, me, token)
    server = Server(app if settings.mode == "http" else None, ready=lambda: bot.ready, routes=oncall.routes)
    bot = Bot(settings, app, slack, worker, server, me, logs, oncall.escalations)
    register(app, services)
    return bot


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
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings, name=database_name, throwaway=throwaway))
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        bot = build(settings, database, session, pace=pace, clock=clock)
        await _listen(bot)
        stack.push_async_callback(bot.server.stop)
        announce(bot.server.url)
        # What the first diagnosis has to load must not delay the first answer.
        await asyncio.gather(identify(bot.slack, bot.me), asyncio.to_thread(diagnose, FIRST))
        work = asyncio.create_task(bot.worker.run())
        stack.push_async_callback(_stop_working, bot, work, pace.stop)
        if settings.mode == "socket":
            handler = await connect(bot.app, bot.slack, settings.app_token)
            stack.push_async_callback(handler.close_async)
        bot.ready = True
        yield bot
        bot.ready = False


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


async def _listen(bot: Bot) -> None:
    try:
        await bot.server.start(bot.settings.host, bot.settings.port)
    except OSError as error:
        raise StartError(
            f"Cannot listen on {bot.settings.host}:{bot.settings.port} ({error.strerror}). "
            "Set MAILFLOW_PORT to a free port."
        ) from error


async def _stop_working(bot: Bot, work: asyncio.Task[None], patience: float) -> None:
    """What runs may finish; what takes longer is taken up again at the next start."""
    bot.worker.stop()
    done, _ = await asyncio.wait({work}, timeout=patience)
    if not done:
        work.cancel()
        await asyncio.wait({work})
