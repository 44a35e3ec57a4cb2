"""Marks of what is compared and never read: keyed, for whoever has the database alone must not try out what they stand for.

Those of earlier versions were plain digests, of 32 characters. A mark is made of that digest, so that those can be marked anew.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database.sealing import Seal

What = Literal["failure", "shown"]


def of_failure(seal: Seal, team: str, shows: str) -> str:
    """What stands for a case's signature (diagnostics.subject.signature); "" for none."""
    return _mark(seal, "failure", _plain(f"{team} {shows}".encode())) if shows else ""


def of_shown(seal: Seal, content: bytes) -> str:
    """What stands for something that Slack shows."""
    return _mark(seal, "shown", _plain(content))


def _plain(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]


def _mark(seal: Seal, what: What, plain: str) -> str:
    return plain if len(plain) != 32 else seal.mark(what, plain).hex()


async def mark_anew(connection: asyncpg.Connection | asyncpg.Pool, seal: Seal) -> None:
    """Puts a mark in the place of every plain digest. What changes meanwhile is left for the next time."""
    for row in await connection.fetch(
        "select id, signature, signatures from escalation "
        "where length(signature) = 32 or exists (select from unnest(signatures) as each where length(each) = 32)"
    ):
        await connection.execute(
            "update escalation set signature = $2, signatures = $3 where id = $1 and signature = $4 and signatures = $5",
            row["id"],
            _mark(seal, "failure", row["signature"]),
            [_mark(seal, "failure", each) for each in row["signatures"]],
            row["signature"],
            row["signatures"],
        )
    for row in await connection.fetch("select id, shown from answer where length(shown) = 32"):
        await connection.execute(
            "update answer set shown = $2 where id = $1 and shown = $3",
            row["id"],
            _mark(seal, "shown", row["shown"]),
            row["shown"],
        )
