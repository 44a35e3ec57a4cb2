"""One incident, one card: the first answer of a case, which is edited in place as the case moves.

Whatever comes later gets one short answer of its own. The card is drawn from the record alone, and only two things draw it:
posting it, and the job of its escalation, whenever something has changed. So what it shows is never older than the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from diagnostics import Report
from diagnostics.cause import catalogue
from handlers import answers, paging
from handlers.blocks import Message, Shown, answer, card, details, joined, logged, moved
from handlers.blocks.log_answer import attachments
from handlers.blocks.message import Attachment
from handlers.blocks.words import listed
from handlers.judging import judge, pictured
from handlers.ports.cases import Answer, Pasted
from handlers.ports.feedback import OTHER_CAUSE
from handlers.ports.inbox import Delivery
from handlers.ports.incidents import Standing
from handlers.ports.services import Services
from handlers.ports.thread import Thread

TROUBLE: Final = ("failure", "unknown")
BELOW_CARD: Final = ("steps", "file")
_TAKEN_BACK: Final = (
    "The message that this answered was deleted, or was edited and shows no mail-flow error any more, so I took the answer "
    "back."
)
_OPENS: Final = "#Log-type"  # so begins what a reading of logs leaves in a case


async def say(services: Services, delivery: Delivery, report: Report, attached: Sequence[Attachment] = ()) -> None:
    """Answers a message that was judged: with the case's card where it is the first, else with what it moved. `attached` are
    files of the card's."""
    thread, ts = delivery.thread, delivery.message_ts
    own = await services.cases.card(thread, ts if report.verdict in TROUBLE else "")
    if own is None or own.message_ts != ts:
        await _say_below(services, thread, ts)
        return
    message = await drawn(services, thread)
    if message is not None:
        message = replace(message, attachments=tuple(attached) or await _pictures(services, thread, ts))
        if own.ts is not None:  # the job edits it; its files are ours
            await answers.attach_anew(services, own, message)
        else:
            await answers.say(services, thread, ts, "card", message, judged=True)


async def _pictures(services: Services, thread: Thread, message_ts: str) -> tuple[Attachment, ...]:
    """Of the paste in a message."""
    held = await services.cases.pasted(thread, until=message_ts)
    return await pictured(held[-1]) if held and held[-1].message_ts == message_ts else ()


async def _say_below(services: Services, thread: Thread, ts: str) -> None:
    message = await told(services, thread, ts)
    before = await services.cases.answers(thread, since=ts)
    own = next((each for each in before if each.message_ts == ts and each.part == "answer"), None)
    if own is None:
        await answers.say(services, thread, ts, "answer", message, judged=True)
    else:
        await answers.change(services, await services.cases.plan(thread, ts, "answer", judged=True), message)


async def told(services: Services, thread: Thread, message_ts: str) -> Message:
    """The answer to a later message, or to one of a case that has no card, as the record stands."""
    own = await services.cases.card(thread)
    held = await services.cases.pasted(thread, until=message_ts)
    report = await judge(held)
    mine = held[-1] if held and held[-1].message_ts == message_ts else None
    if mine is None:
        report = report.model_copy(update={"changed": ()})  # it brought nothing, so it changed nothing
    unread = mine.unread if mine else ()
    if mine and mine.log:
        return await asyncio.to_thread(_told_of_log, services, held, report, await link(services, thread), own is None)
    if own is None:
        said = answer(report, refusals=unread, manual_url=services.manual_url)
    else:
        said = moved(report, await link(services, thread), unread=unread)
    return replace(said, attachments=await pictured(mine)) if mine else said


def _told_of_log(services: Services, held: Sequence[Pasted], report: Report, where: str, alone: bool) -> Message:
    log, unread = Report.model_validate_json(held[-1].log), held[-1].unread
    nothing_else = only_log(held)
    if alone and nothing_else:
        said = answer(log, refusals=unread, manual_url=services.manual_url)
        return replace(said, attachments=attachments(log))
    return logged(log, None if nothing_else else report, where, unread=unread)


def only_log(held: Sequence[Pasted]) -> bool:
    """Whether a case holds nothing but what was read of the large logs in one message."""
    return len(held) == 1 and bool(held[0].log) and (not held[0].text or held[0].text.startswith(_OPENS))


async def drawn(services: Services, thread: Thread) -> Message | None:
    """The card by now; None when nothing of the case is on record any more."""
    held = await services.cases.pasted(thread)
    if not held:
        return None
    standing = await services.incidents.standing(thread)
    if standing.lead is not None:
        return joined(await link(services, standing.lead))
    log = next((each.log for each in reversed(held) if each.log), "")
    return card(
        Shown(
            await judge(held),
            standing,
            services.oncall.time_zone,
            who=listed([await services.names(thread.team, each) for each in standing.who]),
            reopened=await services.names(thread.team, standing.reopened),
            was=await was(services, thread, standing),
            log=Report.model_validate_json(log) if log else None,
            only_log=only_log(held),
            unread=tuple(sentence for each in held for sentence in each.unread),
            manual_url=services.manual_url,
            short=(await services.people.choices(thread.team, standing.reporter.removeprefix("@"))).short,
        )
    )


async def refresh(services: Services, thread: Thread) -> None:
    """Edits the card, and the steps that were asked for below it, where they no longer show what is on record."""
    own = await services.cases.card(thread)
    if own is None or own.ts is None:
        return
    message = await drawn(services, thread)
    below = [each for each in await services.cases.answers(thread, since=own.message_ts) if _belongs(each, own)]
    if message is None:
        for each in (own, *below):
            await answers.take_back(services, each, _TAKEN_BACK)
        if await services.cases.pasted(thread):  # something came at this very moment
            await services.cases.card(thread, own.message_ts)
            await refresh(services, thread)
        return
    await answers.redraw(services, own, message)
    for each in below:
        if each.part == "steps" and each.state == "sent":
            await answers.change(services, each, details(await judge(await services.cases.pasted(thread))))


def _belongs(other: Answer, own: Answer) -> bool:
    """Whether an answer goes with the card: the steps that its button brings, and their file."""
    return other.part in BELOW_CARD and other.message_ts == own.message_ts


async def link(services: Services, thread: Thread) -> str:
    """Where the card is, be it in another thread; "" when Slack doesn't say."""
    standing = await services.incidents.standing(thread)
    thread = standing.lead or thread
    own = await services.cases.card(thread)
    place = replace(thread, ts=own.ts) if own and own.ts else thread
    return await paging.permalink(await services.slack(place.team), place)


async def was(services: Services, thread: Thread, standing: Standing) -> str:
    """What it was, as who resolved it says; "" where nobody did."""
    if standing.cause != OTHER_CAUSE:
        known = catalogue().get(standing.cause)
        return known.title if known else standing.cause
    said = [each.words for each in await services.feedback.given(thread) if each.resolution]
    return said[-1] if said else ""
