"""Large logs in Slack: one message that fills in while they are read, and ends in what they say.

This runs in a lane of its own, and the message may be edited or deleted meanwhile. So the delivery is looked at while the logs
are read and once more after the last word: whoever comes second clears up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from slack_sdk.errors import SlackApiError

from handlers import answers, cards, messages
from handlers.blocks import Message, at_work
from handlers.blocks.log_answer import attachments
from handlers.failures import TooEarlyError
from handlers.judging import judge
from handlers.ports.cases import Answer, Pasted
from handlers.ports.files import SlackFile
from handlers.ports.inbox import Delivery
from handlers.ports.logs import LogProgress, LogReading, NoLogError
from handlers.ports.services import Services
from handlers.telemetry import concluded
from handlers.uploads import logs_of, looks_like_text

logger = logging.getLogger(__name__)

_EDIT_SECONDS: Final = 1.0  # Slack takes about one edit a second of a channel
_NOT_SHOWN: Final = (TimeoutError, SlackApiError, OSError, TooEarlyError)


async def read(services: Services, delivery: Delivery) -> str:
    """Reads the logs of a message and answers it. Returns what came of it, for the log."""
    logs = logs_of(delivery, services.max_file_bytes)
    if not logs:  # the edit of a message that had some
        return await messages.answer_anew(services, delivery)
    found = await _read(services, delivery, logs)
    if isinstance(found, str):
        return await _leave(services, delivery, found)
    others = replace(delivery, files=(*(file for file in delivery.files if file not in logs), *found.texts))
    if isinstance(found, NoLogError):
        loud = bool(found.refusals) and (delivery.direct or any(map(looks_like_text, logs)))
        outcome = await messages.answer_anew(services, others, found.refusals, loud=loud)
    else:
        outcome = await _answer(services, others, found)
    why = await services.inbox.dropped(delivery)
    return await _leave(services, delivery, why) if why else outcome


async def _read(services: Services, delivery: Delivery, logs: Sequence[SlackFile]) -> LogReading | NoLogError | str:
    """What the logs came to, or why the delivery was dropped meanwhile."""
    told = _Told()
    reading = asyncio.create_task(services.logs.read(delivery.thread.team, logs, told.hear))
    following = asyncio.create_task(_follow(services, delivery, logs, told, reading))
    try:
        return await reading
    except NoLogError as none:
        return none
    except asyncio.CancelledError:
        if not told.dropped:
            raise
        return told.dropped
    finally:
        told.over.set()
        await following


async def _begun(services: Services, delivery: Delivery, message: Message) -> Answer:
    """The answer that shows the progress: the card, where the message has it already."""
    thread, ts = delivery.thread, delivery.message_ts
    card = await services.cases.card(thread)
    if card is not None and card.message_ts == ts and card.ts is not None:
        await answers.show(services, card, message)
        return card
    return await answers.say(services, thread, ts, "answer", message)


@dataclass(slots=True)
class _Told:
    """What the reading and those who follow it say to each other."""

    progress: LogProgress | None = None
    began: float = 0.0
    dropped: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, progress: LogProgress) -> None:
        if self.progress is None or self.progress.doing != progress.doing:
            self.began = asyncio.get_running_loop().time()
        self.progress = progress

    def seconds(self) -> float:
        """Since it began to do what it does."""
        return asyncio.get_running_loop().time() - self.began


async def _follow(
    services: Services, delivery: Delivery, logs: Sequence[SlackFile], told: _Told, reading: asyncio.Task[LogReading]
) -> None:
    """Shows the progress about once a second, and ends the reading of what was deleted or edited.

    Where nobody asked, nothing is said before a file is known to be a log. What is not shown spoils no reading.
    """
    answer: Answer | None = None
    shown: LogProgress | None = None
    while not told.over.is_set():
        if why := await services.inbox.dropped(delivery):
            told.dropped = why
            reading.cancel()
            return
        if told.progress is not shown or (answer is None and delivery.direct):
            message = at_work([file.name for file in logs], told.progress, told.seconds())
            try:
                if answer is None:
                    answer = await _begun(services, delivery, message)
                else:
                    await answers.show(services, answer, message)
                shown = told.progress
            except _NOT_SHOWN as error:
                logger.info("the progress of a log was not shown", extra={"reason": type(error).__name__})
        with suppress(TimeoutError):
            await asyncio.wait_for(told.over.wait(), _EDIT_SECONDS)


async def _answer(services: Services, delivery: Delivery, found: LogReading) -> str:
    """Keeps what was read in the case, and says what it comes to; what was pasted with it is judged together with it."""
    thread, ts = delivery.thread, delivery.message_ts
    pasted, _ = await messages.read(services, delivery)
    alone = await judge([Pasted(ts, pasted.text)])
    own = "" if alone.verdict == "nothing" else pasted.text
    text = "\n\n".join(filter(None, (own, found.text)))
    unread = (*found.refusals, *pasted.refusals)
    kept = Pasted(ts, text, found.report.model_dump_json(), unread)
    await services.cases.keep(thread, kept, author=delivery.author or delivery.user)
    report = await judge(await services.cases.pasted(thread, until=ts))
    failing = found.report.verdict in cards.TROUBLE
    files = await asyncio.to_thread(attachments, found.report)
    concluded(found.report)
    await messages.judged(services, delivery, report, reported=failing, fresh=failing, attached=files)
    await messages.judge_again(services, delivery)
    await messages.changed(services, delivery)
    return "answered"


async def _leave(services: Services, delivery: Delivery, why: str) -> str:
    """The message was deleted, so nothing of it may stay; of an edited one, the edit comes next in this lane."""
    return await messages.deleted(services, delivery) if why == messages.DELETED else why
