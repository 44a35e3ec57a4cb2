"""Ten thousand deliveries at once: whether each is stored and acknowledged in time, and what they hold up."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg

TEAM, USER = "T0CONTOSO1", "U0ALEXRIVE"


@dataclass(frozen=True)
class Sent:
    """One delivery: its status, 0 for none, and the seconds until it was acknowledged."""

    status: int
    seconds: float


def chatter(number: int, threads: int) -> dict[str, Any]:
    """The `number`-th message of somebody in one of `threads` threads, as Slack sends it."""
    thread, place = number % threads, number // threads
    event = {
        "type": "message",
        "channel": f"C0BURST{thread:03}",
        "channel_type": "channel",
        "user": USER,
        "text": f"number {place}",
        "ts": f"1700000000.{number:06}",
        "thread_ts": f"1700000000.{thread:06}",
    }
    return envelope(event, f"EvBURST{number:06}")


def envelope(event: dict[str, Any], event_id: str) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A0MAILFLOW",
        "event_id": event_id,
        "event_time": 1700000000,
        "event": event,
        "authorizations": [{"team_id": TEAM, "user_id": "U0MAILFLOW", "is_bot": True}],
    }


def signed(payload: dict[str, Any], secret: str) -> tuple[bytes, dict[str, str]]:
    body, now = json.dumps(payload), str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{now}:{body}".encode(), hashlib.sha256).hexdigest()
    return body.encode(), {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": f"v0={digest}",
    }


async def send(url: str, payloads: Sequence[dict[str, Any]], secret: str, *, connections: int) -> list[Sent]:
    """Sends all at once, over that many connections. Seconds are counted from when a request has a connection."""
    requests = [signed(payload, secret) for payload in payloads]
    connector = aiohttp.TCPConnector(limit=0)
    waiting = iter(requests)
    sent: list[Sent] = []

    async def one(session: aiohttp.ClientSession) -> None:
        for body, headers in waiting:
            began = time.perf_counter()
            try:
                async with session.post(url, data=body, headers=headers) as answer:
                    await answer.read()
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError):
                status = 0
            sent.append(Sent(status, time.perf_counter() - began))

    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as session:
        await asyncio.gather(*(one(session) for _ in range(connections)))
    return sent


async def worked_off(url: str) -> None:
    """Returns when no delivery is open in the database."""
    connection = await asyncpg.connect(url)
    try:
        while True:
            if not await connection.fetchval("select exists (select from delivery where done_at is null)"):
                return
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def disordered(url: str) -> int:
    """How many deliveries were dealt with before one of their thread that came before."""
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval(
                "select count(*) from (select done_at < lag(done_at) over (partition by team, thread order by arrival) "
                "as early from delivery) as delivered where early"
            )
        )
    finally:
        await connection.close()
