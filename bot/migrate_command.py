"""`mailflow migrate`: brings the database up to date, as a job before a new version starts, or only says what is due."""

from __future__ import annotations

import asyncio

import click

from bot.database import NothingYetError, StartError, bring_up, connected
from bot.database.schema import names, pending
from bot.settings import Settings, SettingsError, load


def run(*, check: bool) -> int:
    """0: nothing is due, or all of it was done. 1: something is due (`check`). 2: it can't be told or done."""
    try:
        settings = load()
        found = asyncio.run(_pending(settings) if check else _migrate(settings))
    except (SettingsError, StartError) as problem:
        click.echo(f"mailflow: {problem}", err=True)
        return 2
    if not found:
        click.echo("The database is up to date.")
        return 0
    click.echo(f"{'Due' if check else 'Done'}: {', '.join(found)}")
    return int(check)


async def _pending(settings: Settings) -> list[str]:
    try:
        async with connected(settings, create=False) as connection:
            return await pending(connection)
    except NothingYetError:
        return names()


async def _migrate(settings: Settings) -> list[str]:
    async with connected(settings, create=True) as connection:
        return await bring_up(connection)
