"""The form: opened by the global shortcut or `/mailflow diagnose`; what is submitted opens a thread, and is a paste in it.

A submission is stored like any delivery. Its job posts the message that opens the thread, once, and hands the paste over to
the thread's own order of deliveries: from there on nothing tells it from one that was typed there.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError

from handlers import answers, paging
from handlers.blocks import Message
from handlers.blocks.form import described, opening
from handlers.failures import NOT_THERE, advice, slack_error
from handlers.intake import unslack
from handlers.ports.files import SlackFile
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services
from handlers.ports.thread import Thread, is_direct

logger = logging.getLogger(__name__)

NOT_OPENED: Final = (
    "The form did not open: Slack gives me three seconds for it. Try again, or send me the error as a direct message."
)
_ELSEWHERE: Final = (
    "I cannot post in the channel that you chose, so this is for you alone. To have it there, add me with "
    "/invite @Mailflow and ask again."
)


async def show(services: Services, team: str, trigger: str, view: dict[str, Any]) -> bool:
    """Opens a form for whoever has just asked for it; False where Slack does not let us."""
    try:
        slack = await services.slack(team)
        await slack.views_open(trigger_id=trigger, view=view)
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
        logger.warning("the form did not open", extra={"reason": reason})
        return False
    return True


def shared_channel(body: dict[str, Any]) -> str:
    """The channel that a command was given in; "" for direct messages and groups of people."""
    channel = str(body.get("channel_id") or "")
    of_people = is_direct(channel) or str(body.get("channel_name") or "").startswith("mpdm-")
    return "" if of_people else channel


async def submitted(services: Services, delivery: Delivery) -> str:
    """Opens the thread, and hands over what was pasted. Its opening quotes that, and goes with it."""
    files = tuple([await _described(services, delivery.thread.team, file) for file in delivery.files])
    thread = await _opened(services, delivery, [file.name for file in files])
    await services.cases.adopt(thread, thread.ts, "opening", thread.ts, judged=False, author=delivery.user)
    paste = replace(
        delivery,
        kind="message",
        event=f"{delivery.event} paste",
        subject=f"message {thread.channel} {thread.ts}",
        thread=thread,
        message_ts=thread.ts,
        files=files,
    )
    await services.inbox.accept(paste)
    return "opened"


async def tell(services: Services, team: str, member: str, text: str) -> None:
    """Says something to a person that no thread is there for. Once is not promised: it is about what failed."""
    slack = await services.slack(team)
    await slack.chat_postMessage(channel=member, text=text)


async def _described(services: Services, team: str, file: SlackFile) -> SlackFile:
    """What Slack knows of a file; a form may know no more than its id."""
    try:
        slack = await services.slack(team)
        return described((await slack.files_info(file=file.id))["file"])
    except SlackApiError as error:
        if advice(error).passes:
            raise
        logger.info("a file of a form is not described", extra={"reason": slack_error(error)})
        return file


async def _opened(services: Services, delivery: Delivery, names: list[str]) -> Thread:
    text = unslack(delivery.text)
    if delivery.thread.channel:
        try:
            said = opening(text, names, asker=delivery.user)
            return await _post(services, delivery, delivery.thread.channel, said)
        except SlackApiError as error:
            if slack_error(error) not in NOT_THERE:
                raise
    notice = _ELSEWHERE if delivery.thread.channel else ""
    channel = await paging.direct_channel(await services.slack(delivery.thread.team), delivery.user)
    return await _post(services, delivery, channel, opening(text, names, notice=notice))


async def _post(services: Services, delivery: Delivery, channel: str, message: Message) -> Thread:
    place = replace(delivery.thread, channel=channel)
    answer = await answers.say(services, place, delivery.event, "answer", message, in_channel=True)
    return Thread(place.team, channel, str(answer.ts))
