"""A webhook of the operator's: it is told of pages, may be asked who is on call, and may tell us of acknowledgements.

Both ways a request carries `Mailflow-Timestamp` (Unix seconds) and `Mailflow-Signature: v1=` with the hexadecimal
HMAC-SHA256 of `v1:<timestamp>:<body>`. The only addresses that are called are those in the on-call file.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

import aiohttp
import re2

from bot.oncall.failures import AdapterError
from bot.oncall.http import call

TOLERANCE: Final = 300  # seconds
_MEMBER = re2.compile(r"[UW][A-Z0-9]{2,20}")
_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Heard:
    action: Literal["acknowledge", "resolve"]
    escalation: UUID
    person: str


class Webhook:
    """One webhook: `name` as in the on-call file."""

    def __init__(self, session: aiohttp.ClientSession, name: str, url: str, secret: str) -> None:
        self._session = session
        self._name = name
        self._url = url
        self._secret = secret

    async def on_call(self, at: datetime) -> tuple[tuple[str, ...], datetime | None]:
        """Slack ids of who is on call at `at`, and until when. Raises AdapterError."""
        answer = await self._post({"type": "who_is_on_call", "at": at.astimezone(UTC).isoformat()}, "", at)
        people = answer.get("people") if isinstance(answer, dict) else None
        if not isinstance(people, list) or not all(isinstance(one, str) and _MEMBER.fullmatch(one) for one in people):
            raise AdapterError(f"{self._name} doesn't say who is on call", passes=False)
        return tuple(people), _until(answer.get("until"), self._name)

    async def tell(self, body: dict[str, Any], delivery: UUID, at: datetime) -> None:
        """Posts `body`. `delivery` goes along as `Mailflow-Delivery`: a repetition has the same. Raises AdapterError."""
        await self._post(body, str(delivery), at)

    async def _post(self, body: dict[str, Any], delivery: str, at: datetime) -> Any:
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **sign(content, self._secret, int(at.timestamp()))}
        if delivery:
            headers["Mailflow-Delivery"] = delivery
        return await call(self._session, self._name, "POST", self._url, headers=headers, data=content)


def sign(body: bytes, secret: str, timestamp: int) -> dict[str, str]:
    """The headers that vouch for `body`."""
    signature = hmac.new(secret.encode(), f"v1:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"Mailflow-Timestamp": str(timestamp), "Mailflow-Signature": f"v1={signature}"}


def signed(body: bytes, timestamp: str, signature: str, secret: str, now: datetime) -> bool:
    """Whether the headers vouch for `body`, made within five minutes of `now`. A signature stands for one request: a time
    that is written in another way is refused, as the same signature would vouch for it."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12 and str(int(timestamp)) == timestamp):
        return False
    wanted = sign(body, secret, int(timestamp))["Mailflow-Signature"]
    fresh = abs(now.timestamp() - int(timestamp)) <= TOLERANCE
    return hmac.compare_digest(wanted.encode(), signature.encode()) and fresh


def heard(body: bytes) -> Heard:
    """`{"action": "acknowledge"|"resolve", "escalation": "<id>", "by": "<name>"}`. Raises ValueError."""
    told = json.loads(body)
    if not isinstance(told, dict) or told.get("action") not in ("acknowledge", "resolve"):
        raise ValueError("no action")
    person = str(told.get("by") or "somebody").strip().lstrip("@")[:_NAME]
    return Heard(told["action"], UUID(str(told.get("escalation"))), person)


def _until(value: Any, name: str) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        until = datetime.fromisoformat(str(value))
    except ValueError:
        raise AdapterError(f"{name} doesn't say until when", passes=False) from None
    return until if until.tzinfo else until.replace(tzinfo=UTC)
