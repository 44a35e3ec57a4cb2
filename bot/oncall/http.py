"""Calls of other systems' HTTP APIs: no redirects, bounded answers, and failures told apart by whether they pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from bot.oncall.failures import AdapterError

SECONDS: Final = 8.0
LARGEST: Final = 1 << 20
_LONGEST_WAIT: Final = 3600.0
_TOO_MANY: Final = 429


async def call(
    session: aiohttp.ClientSession, name: str, method: str, url: str, *, headers: Mapping[str, str], **more: Any
) -> Any:
    """The answer's JSON; None when it has none. `name` is what people call the system. Raises AdapterError."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with session.request(
            method, url, headers=dict(headers), allow_redirects=False, timeout=timeout, **more
        ) as answer:
            body = await _bounded(answer, name)
            if answer.status == _TOO_MANY or answer.status >= 500:
                after = _retry_after(answer.headers.get("Retry-After"))
                raise AdapterError(f"{name} answers with status {answer.status}", passes=True, after=after)
            if not 200 <= answer.status < 300:
                raise AdapterError(f"{name} refuses with status {answer.status}", passes=False)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise AdapterError(f"{name} can't be reached ({type(error).__name__})", passes=True) from error
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


async def _bounded(answer: aiohttp.ClientResponse, name: str) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 14):
        body += chunk
        if len(body) > LARGEST:
            raise AdapterError(f"{name} answers with too much", passes=False)
    return bytes(body)


def _retry_after(value: str | None) -> float | None:
    try:
        return min(max(float(value), 0.1), _LONGEST_WAIT) if value else None
    except ValueError:  # a date
        return None
