"""The workspaces that the app was installed in by OAuth, and those that it was removed from a moment ago."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from slack_sdk.oauth.installation_store import Bot

from bot.database import Database
from bot.database.audit import Entry, append
from bot.database.columns import INSTALLATION_TOKENS
from bot.database.purging import purge_workspace
from handlers.ports.slack import Identity, NotInstalledError

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

_INSTALLED: Final = "select * from installation where team = $1 and removed_at is null"


class Held:
    """An installation whose row is held: nobody else renews its tokens meanwhile."""

    def __init__(self, store: Installations, connection: asyncpg.Connection, bot: Bot) -> None:
        self._store = store
        self._connection = connection
        self.bot = bot

    async def renew(self, bot: Bot) -> None:
        """Puts new tokens in the place of the old ones."""
        await self._connection.execute(
            "update installation set tokens = $2, expires_at = $3 where team = $1",
            bot.team_id,
            self._store.sealed(bot),
            _moment(bot),
        )


class Installations:
    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._seal = database.seal

    async def save(self, bot: Bot) -> None:
        """Records a new installation, in place of an earlier one in the same workspace."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into installation (team, bot_user, bot, tokens, expires_at) values ($1, $2, $3, $4, $5) "
                "on conflict (team) do update set bot_user = excluded.bot_user, bot = excluded.bot, tokens = excluded.tokens, "
                "expires_at = excluded.expires_at, installed_at = now(), removed_at = null",
                bot.team_id,
                bot.bot_user_id,
                bot.bot_id,
                self.sealed(bot),
                _moment(bot),
            )
            await append(connection, self._seal, Entry("installed", str(bot.team_id)))

    async def identity(self, team: str) -> Identity:
        """Who the bot is in a workspace. Raises NotInstalledError."""
        row = await self._pool.fetchrow(_INSTALLED, team)
        if row is None:
            raise NotInstalledError
        return Identity(team, row["bot_user"], row["bot"])

    async def find(self, team: str) -> Bot:
        """The bot in a workspace, with its tokens. Raises NotInstalledError."""
        row = await self._pool.fetchrow(_INSTALLED, team)
        if row is None:
            raise NotInstalledError
        return await self._bot(row)

    @asynccontextmanager
    async def held(self, team: str) -> AsyncIterator[Held]:
        """An installation within a transaction; waits for another process that holds it. Raises NotInstalledError."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(f"{_INSTALLED} for update", team)
            if row is None:
                raise NotInstalledError
            yield Held(self, connection, await self._bot(row))

    async def removed(self, team: str, at: datetime) -> bool:
        """The app was removed from a workspace: all that is held of it goes, in one transaction. `at` is by Slack's clock, in
        whole seconds. False when the app was installed again since, and nothing was done."""
        async with self._pool.acquire() as connection, connection.transaction():
            gone = await connection.fetchval(
                "insert into installation (team, removed_at) values ($1, now()) "
                "on conflict (team) do update set removed_at = now(), tokens = null, expires_at = null, bot_user = '', bot = '' "
                "where date_trunc('second', installation.installed_at) <= $2 returning true",
                team,
                at,
            )
            if gone:
                await purge_workspace(connection, self._seal, team)
                await append(connection, self._seal, Entry("uninstalled", team))
        return bool(gone)

    async def returned(self, team: str) -> None:
        """The bot has a token for a workspace that it may have been removed from."""
        await self._pool.execute("delete from installation where team = $1 and removed_at is not null", team)

    async def clear_up(self) -> None:
        """What was under way when the app was removed may have stored something since."""
        for row in await self._pool.fetch("select team from installation where removed_at is not null"):
            async with self._pool.acquire() as connection, connection.transaction():
                still = "select true from installation where team = $1 and removed_at is not null for update"
                if await connection.fetchval(still, row["team"]):
                    await purge_workspace(connection, self._seal, row["team"])
        await self._pool.execute("delete from installation where removed_at < now() - interval '1 hour'")

    def sealed(self, bot: Bot) -> bytes:
        place = INSTALLATION_TOKENS.at(bot.team_id)
        return self._seal.close(json.dumps([bot.bot_token, bot.bot_refresh_token]), place)

    async def _bot(self, row: asyncpg.Record) -> Bot:
        token, refresh = json.loads(await self._seal.open(row["tokens"], INSTALLATION_TOKENS.at(row["team"])))
        return Bot(
            team_id=row["team"],
            bot_user_id=row["bot_user"],
            bot_id=row["bot"],
            bot_token=token,
            bot_refresh_token=refresh,
            bot_token_expires_at=int(row["expires_at"].timestamp()) if row["expires_at"] else None,
            installed_at=row["installed_at"].timestamp(),
        )


def _moment(bot: Bot) -> datetime | None:
    return datetime.fromtimestamp(bot.bot_token_expires_at, UTC) if bot.bot_token_expires_at else None
