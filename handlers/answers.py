"""Saying something in a thread exactly once, and changing what was said.

The intent is recorded before Slack is called, and carried in the message's metadata. When the outcome of a call was
not seen (the process died, the connection broke), the thread is searched for that metadata before anything is
posted again. If Slack does not let us look (the history scope is missing), the answer is posted again: a doubled
answer is a nuisance, a missing one leaves somebody alone with a broken mail flow.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers import files
from handlers.blocks import Message, plain
from handlers.failures import BLOCKS_REFUSED, TooEarlyError, advice, slack_error
from handlers.ports.cases import Answer, Part
from handlers.ports.services import Services
from handlers.ports.thread import Thread
from handlers.telemetry import answered

logger = logging.getLogger(__name__)

EVENT_TYPE = "mailflow_answer"
FILES: Final = ("chart", "data", "file", "post-mortem")
"""Parts of an answer that are files."""
_FILES_OF: Final[dict[Part, tuple[Part, ...]]] = {
    "card": ("chart", "data"),
    "steps": ("file",),
    "answer": ("chart", "data", "file"),
}
_NO_LOOKING = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "thread_not_found", "no_permission"})
_GONE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "is_archived", "channel_not_found"}
)


async def say(
    services: Services,
    thread: Thread,
    message_ts: str,
    part: Part,
    message: Message,
    *,
    judged: bool = False,
    in_channel: bool = False,
) -> Answer:
    """Posts the answer to a message in its thread, or `in_channel`. Posts nothing when Slack has it already."""
    answer = await services.cases.plan(thread, message_ts, part, judged=judged)
    if answer.ts is None and answer.state == "sending":
        _wait_for_stragglers(services, answer)
        if found := await _search(services, answer, in_channel=in_channel):
            await services.cases.mark(answer, "sent", found)
            answer = await services.cases.plan(thread, message_ts, part, judged=judged)
    if answer.ts is None:
        slack = await services.slack(thread.team)
        await services.cases.mark(answer, "sending")
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"answer": str(answer.id)}}
        try:
            posted = await with_or_without_blocks(
                slack.chat_postMessage,
                message,
                channel=thread.channel,
                thread_ts=None if in_channel else thread.ts,
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            if advice(error).after is not None:  # it said "not yet": nothing is on its way that had to be looked for
                await services.cases.mark(answer, "planned")
            raise
        shown = _digest(services, message)
        await services.cases.mark(answer, "sent", str(posted["ts"]), shown)
        answered(part)
        answer = replace(answer, state="sent", ts=str(posted["ts"]), shown=shown)
    await _attach_all(services, thread, message_ts, message)
    return answer


async def show(services: Services, answer: Answer, message: Message) -> None:
    """Shows what there is so far in the place of an answer that is still being made."""
    await services.cases.mark(answer, answer.state, shown="")
    await _edit(services, answer, message)


async def redraw(services: Services, answer: Answer, message: Message) -> None:
    """Puts `message` in the place of an answer that Slack has, unless that is what it shows. Nobody is notified."""
    shown = _digest(services, message)
    if shown != answer.shown or answer.state == "withdrawn":
        await _edit(services, answer, message)
        await services.cases.mark(answer, "sent", shown=shown)


async def change(services: Services, answer: Answer, message: Message) -> None:
    """As `redraw`, with the files of an answer. What was said is said."""
    if _digest(services, message) != answer.shown or answer.state == "withdrawn":
        await _edit(services, answer, message)
        await services.cases.mark(answer, "sent")
        await attach_anew(services, answer, message)
        await services.cases.mark(answer, "sent", shown=_digest(services, message))  # last: then all of it is shown


async def attach_anew(services: Services, answer: Answer, message: Message) -> None:
    """Puts the files of `message` in the place of those that an answer has. What stays the same isn't uploaded again."""
    kept = {(part, services.cases.digest(content)) for part, _, content, _ in _files(message)}
    for other in await services.cases.answers(answer.thread, answer.message_ts):
        its = other.message_ts == answer.message_ts and other.part in _FILES_OF.get(answer.part, ())
        if its and other.state == "sent" and (other.part, other.shown) not in kept:
            await take_back(services, other, "")  # it quotes what is no longer said
    await _attach_all(services, answer.thread, answer.message_ts, message)


async def take_back(services: Services, answer: Answer, why: str) -> None:
    """Leaves one sentence in the place of an answer: people may be acting on it, so it does not just vanish."""
    if answer.state == "withdrawn":
        return
    if answer.part in FILES:
        await files.remove(await services.slack(answer.thread.team), answer.ts or "")
    else:
        await _edit(services, answer, plain(why))
    await services.cases.mark(answer, "withdrawn", shown="")


async def _edit(services: Services, answer: Answer, message: Message) -> None:
    await edit(await services.slack(answer.thread.team), answer.thread.channel, str(answer.ts), message)


async def edit(slack: AsyncWebClient, channel: str, ts: str, message: Message) -> None:
    """Puts `message` in the place of one of ours. One that is gone, or can't be edited any more, is left alone."""
    try:
        await with_or_without_blocks(slack.chat_update, message, channel=channel, ts=ts)
    except SlackApiError as error:
        if slack_error(error) not in _GONE:
            raise
        logger.info("an answer can no longer be edited", extra={"reason": slack_error(error)})


async def with_or_without_blocks(call: Any, message: Message, **arguments: Any) -> Any:
    """New kinds of blocks reach workspaces in phases: where Slack refuses them, the plain text has to do."""
    try:
        return await call(text=message.text, blocks=list(message.blocks), **arguments)
    except SlackApiError as error:
        if not message.blocks or slack_error(error) not in BLOCKS_REFUSED:
            raise
        logger.warning("Slack refused the blocks", extra={"reason": slack_error(error)})
        return await call(text=message.text, blocks=[], **arguments)


def _digest(services: Services, message: Message) -> str:
    """What stands for a message, its files included."""
    digest = services.cases.digest
    files = [(part, name, digest(content)) for part, name, content, _ in _files(message)]
    return digest(json.dumps([message.text, message.blocks, files]).encode())


def _files(message: Message) -> list[tuple[Part, str, bytes, str]]:
    """An answer's pictures and data, and what was too long for a message: part, name, content, what a picture shows."""
    found: list[tuple[Part, str, bytes, str]] = [
        (each.part, each.name, each.content, each.alt) for each in message.attachments
    ]
    return [*found, ("file", message.file[0], message.file[1].encode(), "")] if message.file else found


async def _attach_all(services: Services, thread: Thread, message_ts: str, message: Message) -> None:
    """The files of an answer, in the same thread."""
    for part, name, content, alt in _files(message):
        await attach(services, await services.cases.plan(thread, message_ts, part), name, content, alt)


async def attach(
    services: Services, answer: Answer, name: str, content: bytes, alt: str = "", *, title: str = ""
) -> None:
    """Uploads a file of ours into its thread, under a title for people. Uploads nothing when Slack has it already."""
    if answer.state == "sent":
        return
    if answer.state == "sending":
        _wait_for_stragglers(services, answer)
        async for message in _thread(services, answer):
            for found in message.get("files") or ():
                if _mark(answer) in str(found.get("name")):
                    await services.cases.mark(answer, "sent", str(found["id"]))
                    return
    slack = await services.slack(answer.thread.team)
    await services.cases.mark(answer, "sending")
    stem, dot, ending = name.rpartition(".")
    marked = f"{stem}{_mark(answer)}{dot}{ending}"
    stored = await files.upload(slack, answer.thread, name=marked, title=title or name, content=content, alt=alt)
    await services.cases.mark(answer, "sent", stored, services.cases.digest(content))
    answered(answer.part)


def _mark(answer: Answer) -> str:
    """What the name of its file holds, so that it is found among those of its thread. Titles are for people."""
    return f"-{answer.id.hex[:8]}"


def _wait_for_stragglers(services: Services, answer: Answer) -> None:
    """A call whose answer was lost may still be on its way into Slack."""
    if answer.waited < services.straggler_seconds:
        raise TooEarlyError(services.straggler_seconds - answer.waited)


async def _search(services: Services, answer: Answer, *, in_channel: bool) -> str | None:
    async for message in _thread(services, answer, in_channel=in_channel):
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        if payload.get("answer") == str(answer.id):
            return str(message["ts"])
    return None


async def _thread(services: Services, answer: Answer, *, in_channel: bool = False) -> AsyncIterator[dict[str, Any]]:
    thread = "" if in_channel else answer.thread.ts
    slack = await services.slack(answer.thread.team)
    # What a button got is named otherwise.
    oldest = answer.message_ts if answer.message_ts[:1].isdecimal() else answer.thread.ts
    async for message in listed(slack, answer.thread.channel, thread, oldest=oldest):
        yield message


async def listed(
    slack: AsyncWebClient, channel: str, thread_ts: str, *, oldest: str = "0"
) -> AsyncIterator[dict[str, Any]]:
    """The messages of a thread from `oldest` on, or without a thread the channel's newest; none when Slack does not
    show them."""
    cursor = ""
    while True:
        wanted: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": 200}
        try:
            if not thread_ts:
                page = await slack.conversations_history(**wanted)
            else:
                page = await slack.conversations_replies(**wanted, ts=thread_ts, oldest=oldest, cursor=cursor or None)
        except SlackApiError as error:
            if slack_error(error) not in _NO_LOOKING:
                raise
            logger.warning("cannot look for a lost answer", extra={"reason": slack_error(error)})
            return
        for message in page.get("messages") or ():
            yield message
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor or not thread_ts:
            return
