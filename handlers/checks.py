"""Checks asked for in Slack: one message that fills in while the check runs, and ends in its result."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

from slack_sdk.errors import SlackApiError

from diagnostics.checks import Attempt, TargetError, target_of
from diagnostics.checks.record import record
from handlers import answers, cards, paging, privately
from handlers.blocks import Message, checked, checking, plain
from handlers.failures import NOT_THERE, slack_error
from handlers.intake import unslack
from handlers.judging import judge
from handlers.ports.cases import Answer, Pasted
from handlers.ports.checks import Asker, CheckRefusedError, CheckResult
from handlers.ports.inbox import Delivery
from handlers.ports.incidents import Sighting
from handlers.ports.services import Services
from handlers.ports.thread import Thread
from handlers.words import split

logger = logging.getLogger(__name__)

_EDIT_SECONDS: Final = 1.0  # Slack takes about one edit a second of a channel
_WHICH: Final = "Which host or domain? For example: check mail.contoso.com"


def asked(text: str) -> bool:
    """Whether `check …` is a request for a check: of more than one line it is a paste, with a word before it."""
    return "\n" not in text.strip()


async def in_thread(services: Services, delivery: Delivery) -> str:
    """Answers a mention or a direct message in its thread."""
    wanted = _wanted(delivery)
    if refusal := await _refusal(services, delivery, wanted):
        await answers.say(services, delivery.thread, delivery.message_ts, "check", plain(refusal))
        return "refused"
    return await _answer(services, delivery, wanted)


async def pressed(services: Services, delivery: Delivery) -> str:
    """The button under an answer: its value is the target."""
    if refusal := await _refusal(services, delivery, delivery.text):
        return await privately.about_a_button(services, delivery, refusal)
    return await _answer(services, delivery, delivery.text)


async def _answer(services: Services, delivery: Delivery, wanted: str) -> str:
    answer = await answers.say(services, delivery.thread, delivery.message_ts, "check", checking(wanted, ()))
    await _fill_in(services, delivery, wanted, answer, delivery.thread, delivery.message_ts)
    return "checked"


async def from_command(services: Services, delivery: Delivery) -> str:
    """Answers `/mailflow check` in the channel, for all to see; for the asker alone where the bot can't post."""
    wanted = _wanted(delivery)
    if refusal := await _refusal(services, delivery, wanted):
        return await privately.tell(services, delivery, plain(refusal))
    try:
        return await _in_channel(services, delivery, wanted)
    except SlackApiError as error:
        if slack_error(error) not in NOT_THERE:
            raise
        try:
            result = await services.checks.run(wanted, _asker(delivery), lambda _attempt: None)
        except (TargetError, CheckRefusedError) as refused:
            return await privately.tell(services, delivery, plain(str(refused)))
        return await privately.tell(services, delivery, checked(result.report, age=result.age))


async def from_form(services: Services, delivery: Delivery) -> str:
    """Answers whoever filled in the form, in a direct message."""
    slack = await services.slack(delivery.thread.team)
    channel = await paging.direct_channel(slack, delivery.user)
    delivery = replace(delivery, thread=replace(delivery.thread, channel=channel))
    wanted = unslack(delivery.text)
    if refusal := await _refusal(services, delivery, wanted):
        await answers.say(services, delivery.thread, delivery.event, "check", plain(refusal), in_channel=True)
        return "refused"
    return await _in_channel(services, delivery, wanted)


async def _in_channel(services: Services, delivery: Delivery, wanted: str) -> str:
    """A message of its own, which opens a thread. Raises SlackApiError."""
    answer = await answers.say(
        services, delivery.thread, delivery.event, "check", checking(wanted, ()), in_channel=True
    )
    thread = Thread(delivery.thread.team, delivery.thread.channel, answer.ts or "")
    await services.cases.adopt(thread, thread.ts, "answer", thread.ts)
    await _fill_in(services, delivery, wanted, answer, thread, thread.ts)
    return "checked"


async def _fill_in(
    services: Services, delivery: Delivery, wanted: str, answer: Answer, thread: Thread, key: str
) -> None:
    """Runs the check, shows it as it goes, keeps its record in the case, and ends in the result."""
    attempts: list[Attempt] = []
    try:
        async with _shown(services, answer, wanted, attempts):
            result = await services.checks.run(wanted, _asker(delivery), attempts.append)
    except (TargetError, CheckRefusedError) as refused:
        await answers.change(services, answer, plain(str(refused)))
        return
    await answers.change(services, answer, await _result(services, result, thread, key, delivery.user))


async def _result(services: Services, result: CheckResult, thread: Thread, key: str, asker: str) -> Message:
    """The record joins the case; where the case holds more, all of it is judged together, and its card moves."""
    report = result.report
    if report.verdict != "refused" and not await _deleted(services, thread, key):
        seen = record(report.target, report.kind, report.attempts)
        await services.cases.keep(thread, Pasted(key, seen), author=asker)
    held = await services.cases.pasted(thread)
    if len(held) < 2:
        return checked(report, age=result.age)
    case = await judge(held)
    await services.incidents.noted(Sighting(thread, case))
    return checked(report, age=result.age, case=case, link=await cards.link(services, thread))


async def _deleted(services: Services, thread: Thread, key: str) -> bool:
    """Whether the message of ours that the record would hang on was deleted while the check ran."""
    own = await services.cases.answer_at(thread.team, thread.channel, key)
    return own is not None and own.state == "withdrawn"


@asynccontextmanager
async def _shown(services: Services, answer: Answer, wanted: str, attempts: list[Attempt]) -> AsyncIterator[None]:
    """Edits the message about once a second while there is something new. An edit that fails spoils no check."""

    async def follow() -> None:
        told = 0
        while True:
            await asyncio.sleep(_EDIT_SECONDS)
            if len(attempts) > told:
                told = len(attempts)
                try:
                    await answers.show(services, answer, checking(wanted, tuple(attempts)))
                except (TimeoutError, SlackApiError, OSError) as error:
                    logger.info("a check's progress was not shown", extra={"reason": type(error).__name__})

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _wanted(delivery: Delivery) -> str:
    """The target in `check mail.contoso.com`, as typed."""
    return unslack(split(delivery.text)[1]).strip()


async def _refusal(services: Services, delivery: Delivery, wanted: str) -> str:
    try:
        target_of(wanted)
    except TargetError as problem:
        return str(problem) if wanted else _WHICH
    return await services.permissions.refusal("check", delivery.thread.team, delivery.user)


def _asker(delivery: Delivery) -> Asker:
    return Asker(delivery.thread.team, delivery.user, delivery.thread.channel)
