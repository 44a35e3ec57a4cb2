"""On call, as people reach it: `escalate`, `ack` and `resolve` in a thread or as a command, and the buttons of a page."""

from __future__ import annotations

from typing import Final

import re2

from handlers import answers, timeline
from handlers.blocks import Message, plain
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE, RESOLVE
from handlers.judging import judge
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
_DIRECT: Final = "D"  # what ids of direct messages begin with
_NOBODY: Final = "Nobody is on call here: no on-call file is set (MAILFLOW_ONCALL_FILE)."
_IN_THREADS: Final = (
    "Which case? Mention me in its thread, as in: @Mailflow escalate. Slack has no commands in threads; elsewhere, put "
    "the link of one of the case's messages behind the word, in the channel that it is in."
)
_SAID: Final[dict[tuple[str, Answered], str]] = {
    (ESCALATE, "done"): "Whoever is on call is being paged.",
    (ESCALATE, "already"): "Somebody was paged a moment ago. Ask again in a minute, and the next level is paged.",
    (ESCALATE, "nothing"): "I no longer know this case. Mention me in its thread, as in: @Mailflow escalate.",
    (ACKNOWLEDGE, "done"): "You have it.",
    (ACKNOWLEDGE, "already"): "You have it already.",
    (ACKNOWLEDGE, "nothing"): "There is nothing to acknowledge: nobody was paged for this, or it is resolved.",
    (RESOLVE, "done"): "It is resolved.",
    (RESOLVE, "already"): "It is resolved already.",
    (RESOLVE, "nothing"): "There is nothing to resolve: nobody was paged for this, or it is resolved.",
}


def wanted(text: str) -> str | None:
    """The action that a text asks for: it is that word alone, or the word and a link. None for any other text."""
    word, *rest = text[:_LONGEST].strip().split() or [""]
    return _WORDS.get(word.lower()) if not rest or (len(rest) == 1 and "/archives/" in rest[0]) else None


async def in_thread(services: Services, delivery: Delivery, action: str) -> str:
    """A mention or a direct message. What it changes is told in the thread anyway; only what it doesn't is answered."""
    said = _NOBODY
    if services.oncall is not None:
        thread = await _linked(services, delivery) if _LINK.search(delivery.text[:_LONGEST]) else delivery.thread
        said = _IN_THREADS
        if thread is not None:
            answered = await perform(services.oncall, action, Wish(thread, delivery.user, delivery.event))
            if answered == "done" and thread == delivery.thread:
                return action
            said = _SAID[action, answered]
    await answers.say(services, delivery.thread, delivery.message_ts, "escalation", plain(said))
    return "answered"


async def from_command(services: Services, delivery: Delivery, action: str) -> Message:
    """`/mailflow escalate LINK`: the reply for whoever typed it. The link is one of this very channel."""
    if services.oncall is None:
        return plain(_NOBODY)
    thread = await _linked(services, delivery)
    if thread is None:
        return plain(_IN_THREADS)
    answered = await perform(services.oncall, action, Wish(thread, delivery.user, delivery.event))
    return plain(_SAID[action, answered])


async def pressed(services: Services, delivery: Delivery) -> str:
    """A page's button."""
    said = _NOBODY
    if services.oncall is not None:
        wish = Wish(delivery.thread, delivery.user, delivery.event, delivery.text)
        said = _SAID[delivery.action, await perform(services.oncall, delivery.action, wish)]
    await services.respond(
        delivery.response_url,
        {"response_type": "ephemeral", "replace_original": False, "thread_ts": delivery.thread.ts, "text": said},
    )
    return "told"


async def perform(oncall: OnCall, action: str, wish: Wish) -> Answered:
    """Does what a person wants: `action` is ESCALATE, ACKNOWLEDGE or RESOLVE."""
    if action == ESCALATE:
        return await oncall.escalate(wish)
    return await (oncall.acknowledge(wish) if action == ACKNOWLEDGE else oncall.resolve(wish))


async def noticed(services: Services, delivery: Delivery, *, judged: bool) -> None:
    """Tells on-call what came of a message: a judgement of the case, or just that something moves in a thread."""
    report = await judge(await services.cases.pasted(delivery.thread)) if judged else None
    if report is not None:
        await timeline.record(services, delivery.thread, report)
    if services.oncall is None:
        return
    if report is not None and not delivery.thread.channel.startswith(
        _DIRECT
    ):  # what somebody shows us alone pages nobody by itself
        await services.oncall.saw(delivery.thread, delivery.user, report)
    else:
        await services.oncall.moved(delivery.thread)


async def changed(services: Services, delivery: Delivery) -> None:
    """A paste was edited or deleted."""
    held = await services.cases.pasted(delivery.thread)
    await timeline.record(services, delivery.thread, await judge(held) if held else None)
    if services.oncall is not None:
        await services.oncall.changed(delivery.thread)


async def _linked(services: Services, delivery: Delivery) -> Thread | None:
    """The case that a link in the text leads to. People may act on what they can see: on this channel's threads."""
    found = _LINK.search(delivery.text[:_LONGEST])
    if found is None or found.group(1) != delivery.thread.channel:
        return None
    thread = Thread(delivery.thread.team, found.group(1), found.group(4) or f"{found.group(2)}.{found.group(3)}")
    return thread if await services.cases.pasted(thread) else None
