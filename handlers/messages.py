"""Messages: pasted, edited, deleted. A thread is a case, and each answer judges everything the thread holds.

In a channel the bot speaks when somebody pasted a failure, and in the thread of a case when something was pasted
that it can read. Whoever mentions it or writes to it directly always gets an answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slack_sdk.errors import SlackApiError

from diagnostics import Report
from diagnostics.declined import unable
from handlers import answers, cards, commands, privately
from handlers.blocks import Message, answer, details, plain
from handlers.blocks.message import Attachment
from handlers.failures import NOT_THERE, slack_error
from handlers.intake import Submission, submission
from handlers.judging import judge
from handlers.ports.cases import Answer, Pasted
from handlers.ports.files import FileRefusedError
from handlers.ports.inbox import FORGET, OURS, Delivery
from handlers.ports.incidents import Sighting
from handlers.ports.services import Services
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
_FORGOTTEN = "What this answered was erased at somebody's request, so I took the answer back."
_ASK = "Or ask me something: “help” lists what I understand."
_PAUSE = "That is a lot of messages in a short time, so I pause in this thread for ten minutes."


async def received(services: Services, delivery: Delivery) -> str:
    """A new message. Returns what came of it, for the log."""
    if await looping(services, delivery):
        return "paused"
    word = asked(delivery)
    if word and word.in_thread:
        return await word.in_thread(services, delivery)
    if logs_of(delivery, services.max_file_bytes):
        return await hand_over(services, delivery)
    reply = await _reply(services, delivery)
    try:
        if reply.report is not None:
            await judged(services, delivery, reply.report, reported=reply.failing, fresh=reply.failing)
            return "answered"
        if reply.message is not None:
            await answers.say(services, delivery.thread, delivery.message_ts, "answer", reply.message)
    except SlackApiError as error:
        if not delivery.response_url or slack_error(error) not in NOT_THERE:
            raise
        return await _for_the_asker(services, delivery, reply)
    await services.oncall.moved(delivery.thread)
    return "answered" if reply.message else "silent"


async def judged(
    services: Services,
    delivery: Delivery,
    report: Report,
    *,
    reported: bool,
    fresh: bool = False,
    attached: Sequence[Attachment] = (),
) -> None:
    """Answers a message that moved its case, which `report` is by then. Which incident it belongs to is decided before, and
    who is paged for it after. `reported`: it shows a failure by itself, `fresh` when it was just written. `attached` are files
    for a card."""
    held = await services.cases.pasted(delivery.thread)
    if held and held[-1].message_ts > delivery.message_ts:
        report = await judge(held)
    message_ts = delivery.message_ts if reported else ""
    sighting = Sighting(delivery.thread, report, message_ts, delivery.user, delivery.audience, fresh=fresh)
    await services.incidents.noted(sighting)
    await cards.say(services, delivery, report, attached)
    await services.incidents.saw(sighting)
    await services.oncall.moved(delivery.thread)


async def _for_the_asker(services: Services, delivery: Delivery, reply: _Reply) -> str:
    """Answers a shortcut in a channel that the bot is no member of. No case begins there, so nothing is kept."""
    await services.cases.withdraw(delivery.thread, delivery.message_ts)
    await changed(services, delivery, deleted=True)
    if reply.report is not None:
        return await privately.diagnosed(services, delivery, reply.report)
    assert reply.message is not None  # there was something to say: it could not be posted
    return await privately.tell(services, delivery, reply.message)


async def edited(services: Services, delivery: Delivery) -> str:
    """An edited message: its answer is edited in place; one that had none gets its first if it needs one now."""
    word = asked(delivery)
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
    loud = loud or (bool(refused) and any(own.part in ("answer", "card") for own in before))
    reply = await _reply(services, delivery, refused, loud=loud)
    if reply.report is not None:
        await judged(services, delivery, reply.report, reported=reply.failing)
    elif reply.message is not None:
        await _say_instead(services, delivery, before, reply.message)
    else:
        await _take_back(services, before, _EDITED)
    await judge_again(services, delivery)
    await changed(services, delivery)
    return "answered" if reply.report or reply.message else "silent"


async def deleted(services: Services, delivery: Delivery) -> str:
    """A deleted message: what was stored of it goes, and so does everything that quotes it."""
    if delivery.action == OURS:
        delivery = replace(delivery, message_ts=await _stood_for(services, delivery))
        if not delivery.message_ts:
            return "silent"
    await services.inbox.drop_log(delivery.thread, delivery.message_ts, DELETED)
    await services.cases.withdraw(delivery.thread, delivery.message_ts)
    why = _FORGOTTEN if delivery.action == FORGET else _DELETED
    await _take_back(services, await _to(services, delivery), why)
    await judge_again(services, delivery)
    await changed(services, delivery, deleted=True)
    return "withdrawn"


async def _stood_for(services: Services, delivery: Delivery) -> str:
    """The message whose record a deleted one of ours takes along: itself where it opened its thread (by the form, a check, a
    watch), the one that a check was asked for with. "" for none: what we say rests on what people wrote, and that stays."""
    if delivery.message_ts == delivery.thread.ts:
        return delivery.message_ts
    own = await services.cases.answer_at(delivery.thread.team, delivery.thread.channel, delivery.message_ts)
    return own.message_ts if own and own.part == "check" else ""


async def changed(services: Services, delivery: Delivery, *, deleted: bool = False) -> None:
    """A paste was edited or deleted: what rests on it elsewhere follows, the card first of all."""
    held = await services.cases.pasted(delivery.thread)
    gone = delivery.message_ts if deleted or all(each.message_ts != delivery.message_ts for each in held) else ""
    await services.incidents.changed(delivery.thread, await judge(held) if held else None, deleted=gone)


async def _say_instead(services: Services, delivery: Delivery, before: Sequence[Answer], message: Message) -> None:
    """Says something of its own where a judgement may have stood. A card follows by itself."""
    own = next((each for each in before if each.part == "answer"), None)
    if own is None:
        await answers.say(services, delivery.thread, delivery.message_ts, "answer", message)
    else:
        own = await services.cases.plan(own.thread, own.message_ts, "answer", judged=False)
        await answers.change(services, own, message)


async def _take_back(services: Services, before: Sequence[Answer], why: str) -> None:
    """Takes answers back. A card stands for its whole case, and goes when nothing of that is left."""
    on_card = any(own.part == "card" for own in before)
    for own in before:
        if own.part != "card" and not (on_card and own.part in cards.BELOW_CARD):
            await answers.take_back(services, own, why)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a message comes to: words of their own, a judgement of the case, or nothing. `failing`: it shows a failure itself."""

    message: Message | None = None
    report: Report | None = None
    failing: bool = False


async def _reply(services: Services, delivery: Delivery, refused: Sequence[str] = (), *, loud: bool = False) -> _Reply:
    thread, ts = delivery.thread, delivery.message_ts
    word = asked(delivery)
    if word and word.reply:
        await services.cases.withdraw(thread, ts)
        return _Reply(await word.reply(services, delivery))
    submitted, unread = await read(services, delivery)
    refusals = (*refused, *submitted.refusals)
    alone = await judge([Pasted(ts, submitted.text)])
    kept = Pasted(ts, submitted.text, unread=refusals)
    before = await _before(services, delivery) if alone.verdict == "nothing" else []
    nothing = alone.verdict == "nothing" and not await _moves(before, kept)
    # Who asks and hears what a text reads like, and what to send, sends that next: it belongs to what was told.
    begins = nothing and delivery.direct and bool(alone.findings) and not before
    if nothing and not begins:
        await services.cases.withdraw(thread, ts)
    else:
        await services.cases.keep(thread, kept, author=delivery.author or delivery.user)
    held = await services.cases.pasted(thread, until=ts)
    known = any(own.judged or own.part == "check" for own in await services.cases.answers(thread))
    if nothing and (loud or not delivery.direct):
        sentences = refusals if known or loud else unread
        return _Reply(plain("\n".join(sentences)) if sentences else None)
    if nothing and not begins and not delivery.files and (said := _misspelt(delivery.text)):
        return _Reply(plain(said))
    report = await judge(held) if held else alone
    if not delivery.direct and not known and report.verdict == "healthy":
        return _Reply()
    concluded(report)
    if not held or begins:
        notes = refusals if delivery.files else (_ASK, *refusals)
        return _Reply(answer(report, refusals=notes, manual_url=services.manual_url))
    if nothing and refusals:
        return _Reply(plain("\n".join(refusals)))
    return _Reply(report=report, failing=alone.verdict in cards.TROUBLE)


async def _moves(before: Sequence[Pasted], pasted: Pasted) -> bool:
    """Whether words that show nothing by themselves answer what the case asked: with them, something else is believed, or, as
    nobody can answer, asked."""
    if not before or not pasted.text.strip():
        return False
    old, new = await judge(before), await judge([*before, pasted])
    return _beliefs(old) != _beliefs(new) or (unable(pasted.text) and bool(new.next) and new.next != old.next)


async def _before(services: Services, delivery: Delivery) -> list[Pasted]:
    """What the case holds besides this message."""
    held = await services.cases.pasted(delivery.thread, until=delivery.message_ts)
    return [each for each in held if each.message_ts != delivery.message_ts]


def _beliefs(report: Report) -> set[tuple[str, str]]:
    """What is more than possible: sentences alone reorder what is possible, which is no news."""
    return {(each.cause, each.belief) for each in report.findings if each.belief != "possible"}


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
    card = await services.cases.card(delivery.thread)
    for own in await services.cases.answers(delivery.thread, since=delivery.message_ts):
        on_card = own.part == "card" or (card and own.part == "steps" and own.message_ts == card.message_ts)
        if not own.judged or own.state == "withdrawn" or on_card:
            continue
        held = await services.cases.pasted(delivery.thread, until=own.message_ts)
        if not held or own.part == "post-mortem":
            await answers.take_back(services, own, _DELETED)
        elif own.part == "steps":
            await answers.change(services, own, details(await judge(held)))
        elif own.message_ts > delivery.message_ts:
            await answers.change(services, own, await cards.told(services, delivery.thread, own.message_ts))


async def _to(services: Services, delivery: Delivery) -> list[Answer]:
    """The answers that this very message got, in all their parts."""
    found = await services.cases.answers(delivery.thread, since=delivery.message_ts)
    return [own for own in found if own.message_ts == delivery.message_ts and own.part != "pause"]


def asked(delivery: Delivery) -> Word | None:
    """What somebody asks of us in so many words; None for a paste."""
    return find(commands.WORDS, delivery.text) if delivery.direct and not delivery.files else None


def _misspelt(text: str) -> str:
    """What somebody probably meant to ask; "" for what is too long to be a request."""
    return hint(commands.WORDS, text) if len(text) <= _LONGEST_REQUEST and "\n" not in text.strip() else ""


async def looping(services: Services, delivery: Delivery) -> bool:
    """Two machines that answer each other would never stop by themselves."""
    if await services.cases.recently(delivery.thread, LOOP_SECONDS) < LOOP_ANSWERS:
        return False
    logger.warning("too many answers in one thread")
    await answers.say(services, delivery.thread, delivery.thread.ts, "pause", plain(_PAUSE))
    return True
