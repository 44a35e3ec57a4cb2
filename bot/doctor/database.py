"""The database: whether it can be reached, written to, is up to date, opens with our key, and hears from Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database import NothingYetError, StartError, connected, masters_of
from bot.database.keys import fits, used
from bot.database.schema import pending
from bot.database.sealing import KEY_FILE
from bot.doctor.model import Finding, Subject, ago
from bot.health import MOST_LAG
from bot.settings import Settings

_EVENTS: Final = (
    "While `mailflow serve` runs, mention the bot in a channel that it is in. If it stays silent, compare the app's Event "
    "Subscriptions (app_mention, message.channels, message.groups, message.im) with deploy/slack-manifest.yaml"
)
_HEARD: Final = {"message": "a message", "command": "a command", "action": "a button"}


async def look(subject: Subject) -> AsyncIterator[Finding]:
    settings = subject.settings
    try:
        async with connected(settings, create=False) as connection:
            yield await _reached(connection)
            missing = await pending(connection)
            yield _up_to_date(missing, settings)
            yield await _written(connection, settings, fresh=bool(missing))
            yield await _key(connection, settings)
            if settings.on_slack and not missing:
                if settings.client_id:
                    yield await _installed(connection, settings)
                yield await _heard(connection, settings)
                yield await _worked_off(connection)
    except NothingYetError:
        yield Finding("database", "ok", f"None yet: the embedded one is made under {settings.home} at the first start.")
    except StartError as problem:
        yield Finding("database", "fault", str(problem))


async def _reached(connection: asyncpg.Connection) -> Finding:
    version = str(await connection.fetchval("show server_version")).split(" ", 1)[0]
    return Finding("database", "ok", f"PostgreSQL {version} answers.")


def _up_to_date(missing: list[str], settings: Settings) -> Finding:
    if not missing:
        return Finding("migrations", "ok", "The database is up to date.")
    says = f"{len(missing)} migrations are due."
    if settings.migrate_at_start:
        return Finding(
            "migrations", "note", says, "`mailflow serve` runs them when it starts; `mailflow migrate` does now."
        )
    return Finding("migrations", "fault", says, "Run `mailflow migrate`: MAILFLOW_MIGRATE_AT_START is off.")


async def _written(connection: asyncpg.Connection, settings: Settings, *, fresh: bool) -> Finding:
    """Writes as the bot does, and takes it back."""
    statements = [] if fresh else [_SAMPLE]
    if fresh or settings.migrate_at_start:
        statements.append("create table mailflow_doctor ()")
    transaction = connection.transaction()
    await transaction.start()
    try:
        for statement in statements:
            await connection.execute(statement)
    except asyncpg.PostgresError as error:
        says = f"The database can't be written to ({type(error).__name__})."
        mend = (
            "The user in DATABASE_URL must be allowed to create and change tables, on a primary server with room left."
        )
        return Finding("writing", "fault", says, mend)
    finally:
        await transaction.rollback()
    return Finding("writing", "ok", "The database can be written to.")


_SAMPLE: Final = (
    "insert into delivery (team, event, subject, thread) "
    "values ('doctor', gen_random_uuid()::text, gen_random_uuid()::text, '')"
)


async def _key(connection: asyncpg.Connection, settings: Settings) -> Finding:
    """As the start of the bot does it, but that no key is made."""
    path = settings.secret_key_file or settings.home / KEY_FILE
    if settings.secret_key is None and not path.exists():
        if not await used(connection) and settings.secret_key_file is None:
            return Finding("key", "ok", f"None yet: it is made at the first start, as {path}. Keep a copy of it.")
        mend = "Set MAILFLOW_SECRET_KEY to the key that wrote it, or put its file back."
        return Finding("key", "fault", f"What is stored is encrypted, and {path} is not there.", mend)
    try:
        if await fits(connection, masters_of(settings)):
            return Finding("key", "ok", "The key opens what is stored.")
    except StartError as problem:
        return Finding("key", "fault", str(problem))
    return Finding(
        "key", "fault", "The key does not open what is stored.", "Set MAILFLOW_SECRET_KEY to the one that wrote it."
    )


async def _installed(connection: asyncpg.Connection, settings: Settings) -> Finding:
    count = await connection.fetchval("select count(*) from installation where removed_at is null")
    if count:
        return Finding("workspaces", "ok", f"{count} have the app installed.")
    mend = f"Open {settings.public_url or 'MAILFLOW_PUBLIC_URL'}/slack/install in a browser."
    return Finding("workspaces", "warning", "No workspace has the app installed.", mend)


async def _heard(connection: asyncpg.Connection, settings: Settings) -> Finding:
    """No API says which events an app is subscribed to, so this tells which ones came."""
    rows = await connection.fetch(
        "select split_part(subject, ' ', 1) as kind, extract(epoch from now() - max(received_at))::float8 as age "
        "from delivery group by 1"
    )
    ages = {row["kind"]: row["age"] for row in rows}
    if "message" not in ages:
        return Finding("events", "warning", "Slack has delivered no message so far.", f"{_EVENTS}{_address(settings)}.")
    channels = await connection.fetchval(
        "select count(distinct split_part(thread, ' ', 1)) from delivery where thread like any(array['C%', 'G%'])"
    )
    said = [f"{what} {ago(ages[kind])} ago" if kind in ages else f"{what} never" for kind, what in _HEARD.items()]
    says = f"Slack delivered {', '.join(said)}; it was heard in {channels} channel{'' if channels == 1 else 's'}."
    return Finding("events", "ok", says)


def _address(settings: Settings) -> str:
    return "" if settings.mode == "socket" else ", and see that its Request URL (https://…/slack/events) is verified"


async def _worked_off(connection: asyncpg.Connection) -> Finding:
    waits = await connection.fetchval(
        "select extract(epoch from now() - min(greatest(received_at, coalesce(retry_at, received_at))))::float8 "
        "from delivery where done_at is null and lane = 'delivery'"
    )
    if waits is not None and waits > MOST_LAG:
        says = f"The oldest open delivery has waited {ago(waits)}."
        return Finding("jobs", "fault", says, "Is `mailflow serve` running? Its log says what fails.")
    return Finding("jobs", "ok", "Nothing waits to be answered.")
