"""Files out of Slack and into it."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from diagnostics.patterns import linear
from handlers.failures import advice, slack_error
from handlers.ports.files import FileRefusedError, SlackFile
from handlers.ports.slack import Slack
from handlers.ports.thread import Thread

logger = logging.getLogger(__name__)

SECONDS = 30.0
_CHUNK = 256 * 1024
_HOST = linear(r"[a-z0-9.:-]+")


class SlackFiles:
    """Downloads files with the bot's tokens, which are shown to nobody but Slack (and `api_url`'s own host)."""

    def __init__(self, session: aiohttp.ClientSession, slack: Slack, *, api_url: str, most_bytes: int) -> None:
        self._session = session
        self._slack = slack
        self._api_url = api_url
        self._most_bytes = most_bytes

    async def fetch(self, team: str, file: SlackFile) -> bytes:
        """The content. Raises FileRefusedError with a sentence, or aiohttp's errors when the network fails."""
        name = file.name or "The file"
        content = bytearray()
        async with self._opened(team, file, self._most_bytes, SECONDS) as response:
            async for chunk in response.content.iter_chunked(_CHUNK):
                content += chunk
                if len(content) > self._most_bytes:
                    raise _too_large(name, self._most_bytes)
        return bytes(content)

    async def save(self, team: str, file: SlackFile, path: Path, *, most_bytes: int) -> AsyncGenerator[int, None]:
        """Writes the content into a new file that nobody else may read, piece by piece. Yields the bytes so far.

        Raises as `fetch` does, at the byte that is one too many.
        """
        name = file.name or "The file"
        done = 0
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            async with self._opened(team, file, most_bytes, None) as response:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    done += len(chunk)
                    if done > most_bytes:
                        raise _too_large(name, most_bytes)
                    target.write(chunk)
                    target.flush()  # whoever hears of it may read it
                    yield done

    @asynccontextmanager
    async def _opened(
        self, team: str, file: SlackFile, most_bytes: int, seconds: float | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        name = file.name or "The file"
        if not is_slack(file.url, self._api_url):
            raise FileRefusedError(f"{name} is not stored in Slack, so I did not open it. Please paste the text.")
        if file.size > most_bytes:
            raise _too_large(name, most_bytes)
        token = (await self._slack(team)).token
        request = self._session.get(
            file.url,
            headers={"Authorization": f"Bearer {token}"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=seconds, sock_read=SECONDS),
        )
        async with request as response:
            if response.status >= 500 or response.status == 429:
                response.raise_for_status()
            html = response.content_type == "text/html" and file.mimetype != "text/html"
            if response.status != 200 or html:
                logger.warning("a file was refused", extra={"status": response.status, "html": html})
                raise FileRefusedError(
                    f"Slack did not give me {name}. The app may lack the files:read scope; please paste the text, "
                    "and ask whoever installed me to reinstall the app."
                )
            yield response


def is_slack(url: str, api_url: str) -> bool:
    """Whether `url` leads to one of Slack's own hosts, or to `api_url`'s. Signed requests name the places that we call, and
    a stranger who has the signing secret must not choose them."""
    try:
        parts, api = urlsplit(url), urlsplit(api_url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    if not host.isascii() or not _HOST.fullmatch(
        host
    ):  # "evil.example\.slack.com" is one host here and another one elsewhere
        return False
    if (parts.scheme, host, port) == (api.scheme, api.hostname, api.port):
        return True
    return parts.scheme == "https" and host.endswith((".slack.com", ".slack-files.com")) and port in (None, 443)


def _too_large(name: str, most_bytes: int) -> FileRefusedError:
    return FileRefusedError(
        f"{name} is larger than the {most_bytes / 1_000_000:g} MB that I read. Please paste the part around the error."
    )


async def upload(slack: AsyncWebClient, thread: Thread, *, name: str, title: str, content: bytes, alt: str = "") -> str:
    """Uploads a file into a thread; `alt` says what a picture shows to whoever can't see it. Returns its id."""
    stored: Any = await slack.files_upload_v2(
        channel=thread.channel,
        thread_ts=thread.ts,
        filename=name,
        title=title,
        file=content,
        alt_txt=alt or None,
    )
    return str(stored["files"][0]["id"])


async def remove(slack: AsyncWebClient, file: str) -> None:
    """Deletes a file of ours. One that Slack keeps does not hold up the rest: its refusal is logged."""
    try:
        await slack.files_delete(file=file)
    except SlackApiError as error:
        if advice(error).passes:
            raise
        logger.warning("a file could not be deleted", extra={"reason": slack_error(error)})
