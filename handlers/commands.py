"""`/mailflow help | diagnose TEXT | explain CODE | check HOST`, and the same words after a mention or in a direct message."""

from __future__ import annotations

import asyncio

from diagnostics import diagnose, explain
from handlers import checks, incidents, oncall, privately
from handlers.blocks import Message, answer, explained, help_message, plain
from handlers.intake import submission, unslack
from handlers.ports import Delivery, Services

_LONGEST_CODE = 200


async def run(services: Services, delivery: Delivery) -> str:
    """Answers only the person who asked, but for a check, which is the channel's."""
    word, rest = split(delivery.text)
    if (wanted := checks.target_in(delivery.text)) is not None:
        return await checks.from_command(services, delivery, wanted)
    if word == incidents.WORD:
        return await incidents.from_command(services, delivery)
    action = oncall.wanted(delivery.text)
    message = await oncall.from_command(services, delivery, action) if action else asked(delivery.text)
    if message is None and word == "diagnose" and rest.strip():
        report = await asyncio.to_thread(diagnose, submission(rest).text)
        message = answer(report)
    elif message is None and word == "diagnose":
        message = plain("Put the error after the command, as in: /mailflow diagnose 550 4.4.7 QUEUE.Expired")
    elif message is None:
        unknown, known = plain("I do not know that command."), help_message()
        message = Message(f"{unknown.text}\n{known.text}", (*unknown.blocks, *known.blocks))
    return await privately.tell(services, delivery, message)


def split(text: str) -> tuple[str, str]:
    """The first word in lower case, and the rest as Slack sent it."""
    word, *rest = text.strip().split(maxsplit=1) or [""]
    return word.lower(), rest[0] if rest else ""


def asked(text: str) -> Message | None:
    """The reply to a request that concerns no case: help, or what a code means."""
    word, rest = split(text)
    if word in ("", "help", "?") and not rest.strip():
        return help_message()
    code = unslack(rest).strip()
    if word == "explain" and len(code) <= _LONGEST_CODE and "\n" not in code:
        return explained(explain(code)) if code else plain("Which code? For example: explain 5.7.64")
    return None
