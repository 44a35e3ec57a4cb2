"""The states of installations under way: each comes back once, and soon."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from bot.database import Database

SECONDS: Final = 600
_MOST: Final = 10_000  # anybody may begin an installation


class OAuthStates(AsyncOAuthStateStore):
    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def async_issue(self, *_args: Any, **_more: Any) -> str:
        """A new state. Of too many, the oldest are forgotten."""
        state = secrets.token_urlsafe(32)
        await self._pool.execute(
            "delete from oauth_state where expires_at <= now() "
            "or hash in (select hash from oauth_state order by expires_at desc offset $1)",
            _MOST,
        )
        await self._pool.execute(
            "insert into oauth_state (hash, expires_at) values ($1, now() + $2)",
            _hash(state),
            timedelta(seconds=SECONDS),
        )
        return state

    async def async_consume(self, state: str) -> bool:
        """Whether the state is one of ours; it is so once."""
        found = await self._pool.fetchval(
            "delete from oauth_state where hash = $1 returning expires_at > now()", _hash(state)
        )
        return bool(found)


def _hash(state: str) -> bytes:
    return sha256(state.encode("utf-8", "surrogatepass")).digest()
