"""Messages: pasted, edited, deleted. A thread is a case, and each answer judges everything the thread holds.

In a channel the bot speaks when somebody pasted a failure, and in the thread of a case when something was pasted
that it can read. Whoever mentions it or writes to it directly always gets an answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from slack_sdk.errors import SlackApiError

from handlers import answers, commands, oncall, privately
from handlers.blocks import Message, answer, details, plain
from handlers.failures import NOT_THERE, slack_error
from handlers.intake import Submission, submission
from handlers.judging import answered, judge
from handlers.ports import Answer, Delivery, FileRefusedError, Pasted, Services
from handlers.telemetry import concluded
from handlers.uploads import hand_over, logs_of, looks_like_text
from handlers.words import Word, find, hint, split

logger = logging.getLogger(__name__)

LOOP_SECONDS = 600.0
LOOP_ANSWERS = 25
_LONGEST_REQUEST = 200

DELETED = "withdrawn"
EDITED = "edited"

_DELETED = "The message that this answered was deleted, so I took the answer back."
_EDITED = "The message that this answered was edited and shows no mail-flow error any more, so I took the answer back."
_PAUSE = "That is a lot of messages in a short time, so I pause in this thread for ten minutes."


async def received(services: Services, delivery: Delivery) -> str:
    """A new message. Returns what came of it, for the log."""
    if await _looping(services, delivery):
        return "paused"
    word = _asked(delivery)
    if word and word.in_thread:
        return await word.in_thread(services, delivery)
    if logs_of(delivery, services.max_file_bytes):
        return await hand_over(services, delivery)
    message, judged = await _reply(services, delivery)
    if message is not None:
        try:
            await answers.say(services, delivery.thread, delivery.message_ts, "answer", message, judged=judged)
        except SlackApiError as error:
            if not delivery.response_url or slack_error(error) not in NOT_THERE:
                raise
            return await _for_the_asker(services, delivery, message)
    await oncall.noticed(services, delivery, judged=judged and message is not None)
    return "answered" if message else "silent"


async def _for_the_asker(services: Services, delivery: Delivery, message: Message) -> str:
    """Answers a shortcut in a channel that the bot is no member of. No case begins there, so nothing is kept."""
    await services.cases.withdraw(delivery.thread, delivery.message_ts)
    return await privately.tell(services, delivery, message)


async def edited(services: Services, delivery: Delivery) -> str:
    """An edited message: its answer is edited in place; one that had none gets its first if it needs one now."""
    word = _asked(delivery)
    if word and word.in_thread and word.edits:
        return await word.in_thread(services, delivery)
    # What is read of its logs is out of date; the edit comes after it in their lane, so that it has the last word.
    reading = await services.inbox.drop_log(delivery.thread, delivery.message_ts, EDITED)
    if reading or logs_of(delivery, services.max_file_bytes):
        return await hand_over(services, delivery)
    return await answer_anew(services, delivery)


async def answer_anew(
    services: Services, delivery: Delivery, refused: Sequence[str] = (), *, loud: bool = False
) -> str:
    """Answers a message that may have an answer already.

    `refused` are sentences on files of it that are not read; `loud` says them also where they are all there is to say.
    """
    before = await _to(services, delivery)
    loud = loud or (bool(refused) and any(own.part == "answer" for own in before))
    message, judged = await _reply(services, delivery, refused, loud=loud)
    if message is not None and not any(own.part == "answer" for own in before):
        await answers.say(services, delivery.thread, delivery.message_ts, "answer", message, judged=judged)
    for own in before:
        if own.part == "answer" and message is not None:
            own = await services.cases.plan(own.thread, own.message_ts, "answer", judged=judged)  # noqa: PLW2901
            await answers.change(services, own, message)
        elif message is None:
            await answers.take_back(services, own, _EDITED)
    await judge_again(services, delivery)
    await oncall.changed(services, delivery)
    await oncall.noticed(services, delivery, judged=judged and message is not None)
    return "answered" if message else "silent"


async def deleted(services: Services, delivery: Delivery) -> str:
    """A deleted message: what was stored of it goes, and so does everything that quotes it."""
    await services.inbox.drop_log(delivery.thread, delivery.message_ts, DELETED)
    await services.cases.withdraw(delivery.thread, delivery.message_ts)
    for own in await _to(services, delivery):
        await answers.take_back(services, own, _DELETED)
    await judge_again(services, delivery)
    await oncall.changed(services, delivery)
    return "withdrawn"


async def _reply(
    services: Services, delivery: Delivery, refused: Sequence[str] = (), *, loud: bool = False
) -> tuple[Message | None, bool]:
    """What to say to a message, None for nothing, and whether it is a judgement of the case."""
    word = _asked(delivery)
    if word and word.reply:
        await services.cases.withdraw(delivery.thread, delivery.message_ts)
        return await word.reply(services, delivery), False
    submitted, unread = await read(services, delivery)
    submitted = replace(submitted, refusals=(*refused, *submitted.refusals))
    alone = await judge([Pasted(delivery.message_ts, submitted.text)])
    if alone.verdict == "nothing":
        await services.cases.withdraw(delivery.thread, delivery.message_ts)
    else:
        await services.cases.keep(delivery.thread, delivery.message_ts, submitted.text)
    held = await services.cases.pasted(delivery.thread, until=delivery.message_ts)
    known = any(own.judged or own.part == "check" for own in await services.cases.answers(delivery.thread))
    if alone.verdict == "nothing" and (loud or not delivery.direct):
        sentences = submitted.refusals if known or loud else unread
        return (plain("\n".join(sentences)) if sentences else None), False
    if alone.verdict == "nothing" and not delivery.files and (said := _misspelt(delivery.text)):
        return plain(said), False
    report = await judge(held) if held else alone
    if not delivery.direct and not known and report.verdict == "healthy":
        return None, False
    concluded(report)
    return answer(report, refusals=submitted.refusals, manual_url=services.manual_url), bool(held)


async def read(services: Services, delivery: Delivery) -> tuple[Submission, tuple[str, ...]]:
    """What was pasted, and the refusals of files that very likely were meant for us."""
    contents: list[tuple[str, bytes]] = []
    refusals: list[str] = []
    unread: list[str] = []
    for file in delivery.files:
        try:
            contents.append((file.name, await services.files.fetch(delivery.thread.team, file)))
        except FileRefusedError as refused:
            refusals.append(str(refused))
            if looks_like_text(file):
                unread.append(str(refused))
    first, rest = split(delivery.text)
    text = rest if delivery.direct and first == "diagnose" else delivery.text
    read = await asyncio.to_thread(submission, text, contents, limit=services.max_file_bytes)
    return replace(read, refusals=(*refusals, *read.refusals)), tuple(unread)


async def judge_again(services: Services, delivery: Delivery) -> None:
    """Later answers of the thread rest on what has just changed, and may quote what is gone."""
    for own in await services.cases.answers(delivery.thread, since=delivery.message_ts):
        if not own.judged or own.state == "withdrawn":
            continue
        held = await services.cases.pasted(delivery.thread, until=own.message_ts)
        if not held:
            await answers.take_back(services, own, _DELETED)
        elif own.part == "steps":
            await answers.change(services, own, details(await judge(held)))
        elif own.message_ts > delivery.message_ts:
            message = await answered(held, own.message_ts, manual_url=services.manual_url)
            await answers.change(services, own, message)


async def _to(services: Services, delivery: Delivery) -> list[Answer]:
    """The answers that this very message got, in all their parts."""
    found = await services.cases.answers(delivery.thread, since=delivery.message_ts)
    return [own for own in found if own.message_ts == delivery.message_ts and own.part != "pause"]


def _asked(delivery: Delivery) -> Word | None:
    """What somebody asks of us in so many words; None for a paste."""
    return find(commands.WORDS, delivery.text) if delivery.direct and not delivery.files else None


def _misspelt(text: str) -> str:
    """What somebody probably meant to ask; "" for what is too long to be a request."""
    return hint(commands.WORDS, text) if len(text) <= _LONGEST_REQUEST and "\n" not in text.strip() else ""


async def _looping(services: Services, delivery: Delivery) -> bool:
    """Two machines that answer each other would never stop by themselves."""
    if await services.cases.recently(delivery.thread, LOOP_SECONDS) < LOOP_ANSWERS:
        return False
    logger.warning("too many answers in one thread")
    await answers.say(services, delivery.thread, delivery.thread.ts, "pause", plain(_PAUSE))
    return True
