"""On call, as people reach it: `escalate`, `ack` and `resolve` in a thread or as a command, and the buttons of a page."""

from __future__ import annotations

from typing import Final

import re2

from handlers import answers
from handlers.blocks import Message, plain
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE, RESOLVE
from handlers.ports import Answered, Delivery, OnCall, Services, Thread, Wish

_WORDS: Final = {
    "escalate": ESCALATE,
    "ack": ACKNOWLEDGE,
    "acknowledge": ACKNOWLEDGE,
    "resolve": RESOLVE,
    "resolved": RESOLVE,
}
_LINK = re2.compile(
    r"https://[A-Za-z0-9.-]{1,200}/archives/([CDG][A-Z0-9]{2,20})/p(\d{10})(\d{6})(?:\?thread_ts=(\d{10}\.\d{6}))?"
)
_LONGEST: Final = 400
_IN_THREADS: Final = (
    "Which case? Mention me in its thread, as in: @Mailflow escalate. Slack has no commands in threads; elsewhere, put "
    "the link of one of the case's messages behind the word, in the channel that it is in."
)
_NOBODY: Final = (
    "Nobody is on call here, so nobody was paged. Whoever runs Mailflow can say who is, in an on-call file: see "
    "MAILFLOW_ONCALL_FILE. Acknowledging and resolving work without one."
)
_SAID: Final[dict[tuple[str, Answered], str]] = {
    (ESCALATE, "nobody"): _NOBODY,
    (ESCALATE, "done"): "Whoever is on call is being paged.",
    (ESCALATE, "already"): "Somebody was paged a moment ago. Ask again in a minute, and the next level is paged.",
    (ESCALATE, "nothing"): "I no longer know this case. Mention me in its thread, as in: @Mailflow escalate.",
    (ACKNOWLEDGE, "done"): "You have it.",
    (ACKNOWLEDGE, "already"): "You have it already.",
    (ACKNOWLEDGE, "nothing"): "There is nothing to acknowledge: no failure was reported here, or it is resolved.",
    (RESOLVE, "done"): "It is resolved.",
    (RESOLVE, "already"): "It is resolved already.",
    (RESOLVE, "nothing"): "There is nothing to resolve: no failure was reported here, or it is resolved.",
}


def wanted(text: str) -> str | None:
    """The action that a text asks for: it is that word alone, or the word and a link. None for any other text."""
    word, *rest = text[:_LONGEST].strip().split() or [""]
    return _WORDS.get(word.lower()) if not rest or (len(rest) == 1 and "/archives/" in rest[0]) else None


def said(action: str, answered: Answered) -> str:
    """What came of it, for whoever wanted it."""
    return _SAID[action, answered]


async def in_thread(services: Services, delivery: Delivery, action: str) -> str:
    """A mention or a direct message. What it changes is told in the thread anyway; only what it doesn't is answered."""
    thread = await _linked(services, delivery) if _LINK.search(delivery.text[:_LONGEST]) else delivery.thread
    told = _IN_THREADS
    if thread is not None:
        answered = await perform(services.oncall, action, Wish(thread, delivery.user, delivery.event))
        standing = await services.incidents.standing(thread)
        if answered == "done" and thread == delivery.thread and standing.lead is None:
            return action
        told = said(action, answered)
    await answers.say(services, delivery.thread, delivery.message_ts, "escalation", plain(told))
    return "answered"


async def from_command(services: Services, delivery: Delivery, action: str) -> Message:
    """`/mailflow escalate LINK`: the reply for whoever typed it. The link is one of this very channel."""
    thread = await _linked(services, delivery)
    if thread is None:
        return plain(_IN_THREADS)
    answered = await perform(services.oncall, action, Wish(thread, delivery.user, delivery.event))
    return plain(said(action, answered))


async def pressed(services: Services, delivery: Delivery) -> str:
    """A button of a page or a card."""
    wish = Wish(delivery.thread, delivery.user, delivery.event, delivery.text)
    told = said(delivery.action, await perform(services.oncall, delivery.action, wish))
    await services.respond(
        delivery.response_url,
        {"response_type": "ephemeral", "replace_original": False, "thread_ts": delivery.thread.ts, "text": told},
    )
    return "told"


async def perform(oncall: OnCall, action: str, wish: Wish) -> Answered:
    """Does what a person wants: `action` is ESCALATE, ACKNOWLEDGE or RESOLVE."""
    if action == ESCALATE:
        return await oncall.escalate(wish)
    return await (oncall.acknowledge(wish) if action == ACKNOWLEDGE else oncall.resolve(wish))


async def _linked(services: Services, delivery: Delivery) -> Thread | None:
    """The case that a link in the text leads to. People may act on what they can see: on this channel's threads."""
    found = _LINK.search(delivery.text[:_LONGEST])
    if found is None or found.group(1) != delivery.thread.channel:
        return None
    thread = Thread(delivery.thread.team, found.group(1), found.group(4) or f"{found.group(2)}.{found.group(3)}")
    return thread if await services.cases.pasted(thread) else None
