"""Which files of a message are large logs, and handing them to the lane in which those are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from handlers.plaintext import PASTED_LOG
from handlers.ports.files import SlackFile
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services

_PACKED: Final = ("application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed")
_NO_LOG: Final = ("image/", "video/", "audio/", "font/", "application/pdf")
_TEXT_NAMES: Final = (".txt", ".log", ".csv", ".eml", ".json", ".xml", ".html", ".htm", ".md", ".ps1", ".out")


def logs_of(delivery: Delivery, most_bytes: int) -> tuple[SlackFile, ...]:
    """The files that may be logs too large for a paste: packed ones, those of more than `most_bytes`, and those named as logs
    that are larger than a log that is judged as a paste, alone or together.

    What Slack says of them is all that is looked at: whether they are logs is seen once their first bytes are there.
    """
    named = [file for file in delivery.files if file.name.lower().endswith(".log")]
    together = sum(file.size for file in named) > min(most_bytes, PASTED_LOG)
    return tuple(
        file
        for file in delivery.files
        if not file.mimetype.startswith(_NO_LOG)
        and (is_packed(file) or file.size > most_bytes or (together and file in named))
    )


def is_packed(file: SlackFile) -> bool:
    """Whether the file is packed as logs are: with gzip or zip."""
    return file.mimetype in _PACKED or file.name.lower().endswith((".gz", ".zip"))


def looks_like_text(file: SlackFile) -> bool:
    """Whether the file was very likely meant for us."""
    return file.mimetype.startswith("text/") or file.name.lower().endswith(_TEXT_NAMES)


async def hand_over(services: Services, delivery: Delivery) -> str:
    """Has the message dealt with where large logs are read. Returns what came of it, for the log."""
    event = f"log {delivery.event}"
    subject = f"log {delivery.thread.channel} {delivery.message_ts} {delivery.event}"
    await services.inbox.accept(replace(delivery, kind="log", event=event, subject=subject))
    return "handed over"
