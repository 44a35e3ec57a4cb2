"""Deletion of all that is held of a workspace. Complete by test: a table that is forgotten here makes it fail."""

from __future__ import annotations

from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

_OF_A_TEAM: Final = ("delivery", "incident_case", "check_run", "watched")


async def purge_workspace(connection: asyncpg.Connection, team: str) -> None:
    """Removes all that is held of a workspace, within a transaction. Its installation ends with it."""
    for table in _OF_A_TEAM:
        await connection.execute(f"delete from {table} where team = $1", team)  # noqa: S608 - the names are those above
    await connection.execute(
        "update installation set bot_user = '', bot = '', tokens = null, expires_at = null, removed_at = now() "
        "where team = $1 and removed_at is null",
        team,
    )
