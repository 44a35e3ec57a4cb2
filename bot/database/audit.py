"""The audit: who did what, in rows that can only be added, each chained to the one before it by a keyed hash.

Whoever can write to the database but has no key can't forge, change, drop or insert a row unnoticed. Who and what are in the
sealed detail of a row, which can be erased; the chain covers its digest and holds without it. A later row names those whose
details were erased: one that none names was erased by somebody else. What has expired is taken from the front, and a row of the
chain itself says up to where.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import asyncpg  # type: ignore[import-untyped]  # it ships no type information

from bot.database.columns import AUDIT_DETAIL
from bot.database.sealing import Seal, WrongKeyError, bound_to

Kind = Literal[
    "checked",
    "escalated",
    "acknowledged",
    "resolved",
    "refused",
    "forgotten",
    "erased",
    "keys-rotated",
    "installed",
    "uninstalled",
    "expired",
]

_LOCK: Final = 5_320_119  # any number, as long as it stays the same: whoever appends holds this advisory lock
_START: Final = bytes(32)  # what comes before the first row
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody did. `user`, `channel` and `team` are Slack's ids ("" for none), `detail` says what else there is to it."""

    kind: Kind
    team: str = ""
    channel: str = ""
    user: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row of the audit. `entry` has nothing but its kind where the detail was erased."""

    seq: int
    at: datetime
    entry: Entry
    erased: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """What the chain shows: `broken` is a sentence on the first row that doesn't hold, "" when all do.

    `head` names the newest row, as `number:hash`: kept elsewhere, it shows later that no row was cut off at the end.
    """

    rows: int
    erased: int
    head: str
    broken: str = ""


def about(seal: Seal, what: Literal["user", "channel", "team"], identifier: str) -> bytes:
    """The mark that a row carries for somebody, a channel or a workspace."""
    return seal.mark("audit", what, identifier)


async def append(connection: asyncpg.Connection, seal: Seal, entry: Entry, erases: Sequence[int] = ()) -> None:
    """Adds a row, within the transaction that does what it records. Others who append wait until that ends: do it last.
    `erases` are the rows whose details were erased in it."""
    assert connection.is_in_transaction()
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    last = await connection.fetchrow("select seq, hash, erases from audit order by seq desc limit 1")
    at = await connection.fetchval("select clock_timestamp()")
    seq = last["seq"] + 1 if last else 1
    if last and last["erases"] is None:  # an earlier version wrote it, and didn't say what it erased
        erases = [
            row["seq"] for row in await connection.fetch("select seq from audit where detail is null order by seq")
        ]
    named = {"team": entry.team, "channel": entry.channel, "user": entry.user}
    marks = [about(seal, what, named[what]) for what in ("team", "channel", "user") if named[what]]
    # The salt goes with the detail when that is erased: without it, nobody can guess what the digest was made of.
    text = json.dumps({**named, "detail": dict(entry.detail), "salt": secrets.token_hex(16)})
    digest = hashlib.sha256(text.encode()).digest()
    await connection.execute(
        "insert into audit (seq, at, kind, marks, detail, digest, erases, hash) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        seq,
        at,
        entry.kind,
        marks,
        seal.close(text, AUDIT_DETAIL.at(seq)),
        digest,
        list(erases),
        _hash(seal, last["hash"] if last else _START, (seq, at, entry.kind, marks, digest, erases)),
    )


async def erase(connection: asyncpg.Connection, seal: Seal, mark: bytes) -> int:
    """Erases the details of the rows about one person, channel or workspace, and adds a row that names them; how many rows
    that were. Within a transaction, which others who append wait for."""
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)  # before the rows, as `expire` does
    done = await connection.fetch(
        "update audit set detail = null where marks @> array[$1::bytea] and detail is not null returning seq", mark
    )
    if done:
        entry = Entry("erased", detail={"entries": str(len(done))})
        await append(connection, seal, entry, sorted(row["seq"] for row in done))
    return len(done)


async def expire(connection: asyncpg.Connection, seal: Seal, days: int) -> None:
    """Takes away what is older than `days`, at most once a day, and says so in the chain."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        oldest = await connection.fetchval("select at from audit order by seq limit 1")
        now = await connection.fetchval("select now()")
        if oldest is None or oldest > now - timedelta(days=days + 1):
            return
        last = await connection.fetchrow(
            "select seq, hash from audit where at < $1 order by seq desc limit 1", now - timedelta(days=days)
        )
        assert last is not None
        await append(
            connection, seal, Entry("expired", detail={"through": str(last["seq"]), "hash": last["hash"].hex()})
        )
        await connection.execute("select set_config('mailflow.audit_expires', 'on', true)")
        await connection.execute("delete from audit where seq <= $1", last["seq"])
        await connection.execute("select set_config('mailflow.audit_expires', '', true)")


async def verify(connection: asyncpg.Connection, seal: Seal, expected: tuple[int, str] | None = None) -> Verified:
    """Goes through the whole chain. `expected` is a row, by number and the beginning of its hash, that has to be in it."""
    rows = erased = 0
    before, number = _START, 0
    unnamed: set[int] = set()
    named = False  # whether the row before comes from a version that names what is erased
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in _all(connection):
            if rows == 0 and row["seq"] != 1:
                number, before = await _expired(connection, seal)
            problem = await _problem(seal, row, number, before)
            if not problem and expected and row["seq"] == expected[0] and not row["hash"].hex().startswith(expected[1]):
                problem = f"Entry {row['seq']} is not the one that was expected."
            if problem:
                return Verified(rows, erased, _head(number, before), problem)
            rows, erased = rows + 1, erased + (row["detail"] is None)
            before, number, named = row["hash"], row["seq"], row["erases"] is not None
            unnamed.difference_update(row["erases"] or ())
            unnamed.update([number] if row["detail"] is None else ())
    if named and unnamed:
        problem = f"The detail of entry {min(unnamed)} was erased, and no later entry says so."
        return Verified(min(unnamed) - (number - rows) - 1, erased, _head(number, before), problem)
    lost = f"Entry {expected[0]} is expected, and the newest is {number}." if expected and number < expected[0] else ""
    return Verified(rows, erased, _head(number, before), lost)


async def entries(connection: asyncpg.Connection, seal: Seal, since: datetime) -> AsyncIterator[Recorded]:
    """What was recorded since then, oldest first."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in _all(connection, since):
            held = json.loads(await seal.open(row["detail"], AUDIT_DETAIL.at(row["seq"]))) if row["detail"] else {}
            named = {what: str(held.get(what) or "") for what in ("team", "channel", "user")}
            entry = Entry(row["kind"], detail=held.get("detail") or {}, **named)
            yield Recorded(row["seq"], row["at"], entry, row["detail"] is None)


def _all(connection: asyncpg.Connection, since: datetime | None = None) -> AsyncIterator[Any]:
    found: AsyncIterator[Any] = connection.cursor(
        "select * from audit where $1::timestamptz is null or at >= $1 order by seq", since, prefetch=_BATCH
    )
    return found


async def _expired(connection: asyncpg.Connection, seal: Seal) -> tuple[int, bytes]:
    """Number and hash of the last row that has expired, as the newest row on that says; 0 where there is none.

    That row is verified with the others: it is part of the chain that begins with what it says.
    """
    row = await connection.fetchrow("select * from audit where kind = 'expired' order by seq desc limit 1")
    try:
        held = json.loads(await seal.open(row["detail"], AUDIT_DETAIL.at(row["seq"])))["detail"] if row else {}
        return int(held["through"]), bytes.fromhex(held["hash"])
    except (WrongKeyError, KeyError, TypeError, ValueError):
        return 0, _START


async def _problem(seal: Seal, row: Any, number: int, before: bytes) -> str:
    """What is wrong with a row that has to come after row `number`, whose hash is `before`."""
    seq = row["seq"]
    if seq != number + 1:
        return f"Entry {number + 1} is missing; the next one is {seq}."
    content = seq, row["at"], row["kind"], row["marks"], row["digest"], row["erases"]
    if not hmac.compare_digest(_hash(seal, before, content), row["hash"]):
        return f"Entry {seq} does not follow from the one before it: it was changed, or put there."
    if row["detail"] is None:
        return ""
    try:
        text = await seal.open(row["detail"], AUDIT_DETAIL.at(seq))
    except WrongKeyError:
        return f"The detail of entry {seq} is not what was sealed there."
    same = hmac.compare_digest(hashlib.sha256(text.encode()).digest(), row["digest"])
    return "" if same else f"The detail of entry {seq} is not the one that was recorded."


def _hash(
    seal: Seal, before: bytes, content: tuple[int, datetime, str, list[bytes], bytes, Sequence[int] | None]
) -> bytes:
    seq, at, kind, marks, digest, erases = content
    named = () if erases is None else ("erases", *erases)  # no mark reads so
    words = (
        before.hex(),
        seq,
        at.astimezone(UTC).isoformat(),
        kind,
        digest.hex(),
        *(mark.hex() for mark in marks),
        *named,
    )
    return hmac.digest(seal.mark("audit", "chain"), bound_to(words), "sha256")


def _head(number: int, digest: bytes) -> str:
    return f"{number}:{digest.hex()[:32]}"
