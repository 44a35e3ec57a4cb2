"""Checks asked for in Slack: one message that fills in while the check runs, and ends in its result."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from slack_sdk.errors import SlackApiError

from diagnostics.checks import Attempt, TargetError, target_of
from diagnostics.checks.record import record
from handlers import answers, cards, privately
from handlers.blocks import Message, checked, checking, plain
from handlers.failures import slack_error
from handlers.intake import unslack
from handlers.judging import judge
from handlers.ports import (
    Answer,
    Asker,
    CheckRefusedError,
    CheckResult,
    Delivery,
    Services,
    Sighting,
    Thread,
)

logger = logging.getLogger(__name__)

_EDIT_SECONDS: Final = 1.0  # Slack takes about one edit a second of a channel
_NOT_THERE: Final = frozenset(
    {"not_in_channel", "channel_not_found", "is_archived", "missing_scope", "restricted_action"}
)
_WHICH: Final = "Which host or domain? For example: check mail.contoso.com"


def target_in(text: str) -> str | None:
    """The target in `check mail.contoso.com`, as typed; None when the text is no request for a check."""
    word, *rest = text.strip().split(maxsplit=1) or [""]
    return unslack(rest[0] if rest else "").strip() if word.lower() == "check" else None


async def in_thread(services: Services, delivery: Delivery, wanted: str) -> str:
    """Answers a mention, a direct message or a button in its thread."""
    refusal = _refusal(wanted)
    if refusal:
        await answers.say(services, delivery.thread, delivery.message_ts, "check", plain(refusal))
        return "refused"
    answer = await answers.say(services, delivery.thread, delivery.message_ts, "check", checking(wanted, ()))
    await _fill_in(services, delivery, wanted, answer, delivery.thread, delivery.message_ts)
    return "checked"


async def from_command(services: Services, delivery: Delivery, wanted: str) -> str:
    """Answers `/mailflow check` in the channel, for all to see; for the asker alone where the bot can't post."""
    refusal = _refusal(wanted)
    if refusal:
        return await privately.tell(services, delivery, plain(refusal))
    try:
        answer = await answers.say(
            services, delivery.thread, delivery.event, "check", checking(wanted, ()), in_channel=True
        )
    except SlackApiError as error:
        if slack_error(error) not in _NOT_THERE:
            raise
        try:
            result = await services.checks.run(wanted, _asker(delivery), lambda _attempt: None)
        except (TargetError, CheckRefusedError) as refused:
            return await privately.tell(services, delivery, plain(str(refused)))
        return await privately.tell(services, delivery, checked(result.report, age=result.age))
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
    await answers.change(services, answer, await _result(services, result, thread, key))


async def _result(services: Services, result: CheckResult, thread: Thread, key: str) -> Message:
    """The record joins the case; where the case holds more, all of it is judged together, and its card moves."""
    report = result.report
    if report.verdict != "refused":
        await services.cases.keep(thread, key, record(report.target, report.kind, report.attempts))
    held = await services.cases.pasted(thread)
    if len(held) < 2:
        return checked(report, age=result.age)
    case = await judge(held)
    await services.incidents.noted(Sighting(thread, case))
    return checked(report, age=result.age, case=case, link=await cards.link(services, thread))


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


def _refusal(wanted: str) -> str:
    try:
        target_of(wanted)
    except TargetError as problem:
        return str(problem) if wanted else _WHICH
    return ""


def _asker(delivery: Delivery) -> Asker:
    return Asker(delivery.thread.team, delivery.user, delivery.thread.channel)
