"""On call, as people reach it: `escalate`, `ack` and `resolve` in a thread or as a command, and the buttons of a page."""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear
from handlers import answers, privately
from handlers.blocks import plain
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE, RESOLVE
from handlers.judging import judge
from handlers.ports import Answered, Delivery, OnCall, Services, Thread, Wish
from handlers.words import split

_WORDS: Final = {
    "escalate": ESCALATE,
    "ack": ACKNOWLEDGE,
    "acknowledge": ACKNOWLEDGE,
    "resolve": RESOLVE,
    "resolved": RESOLVE,
}
_LINK = linear(
    r"https://[A-Za-z0-9.-]{1,200}/archives/([CDG][A-Z0-9]{2,20})/p(\d{10})(\d{6})(?:\?thread_ts=(\d{10}\.\d{6}))?"
)
_LONGEST: Final = 400
_DIRECT: Final = "D"  # what ids of direct messages begin with
NOBODY: Final = "Nobody is on call here: no on-call file is set (MAILFLOW_ONCALL_FILE)."
NOT_HERE: Final = "Nobody is on call for this workspace."
IN_THREADS: Final = (
    "Which case? Mention me in its thread, as in: @Mailflow {word}. Slack has no commands in threads; elsewhere, put "
    "the link of one of the case's messages behind the word, in the channel that it is in."
)
_SAID: Final[dict[tuple[str, Answered], str]] = {
    (ESCALATE, "done"): "Whoever is on call is being paged.",
    (ESCALATE, "already"): "Somebody was paged a moment ago. Ask again in a minute, and the next level is paged.",
    (ESCALATE, "nothing"): "I no longer know this case. Mention me in its thread, as in: @Mailflow escalate.",
    (ESCALATE, "nobody"): NOT_HERE,
    (ACKNOWLEDGE, "done"): "You have it.",
    (ACKNOWLEDGE, "already"): "You have it already.",
    (ACKNOWLEDGE, "nothing"): "There is nothing to acknowledge: nobody was paged for this, or it is resolved.",
    (RESOLVE, "done"): "It is resolved.",
    (RESOLVE, "already"): "It is resolved already.",
    (RESOLVE, "nothing"): "There is nothing to resolve: nobody was paged for this, or it is resolved.",
}


def alone_or_linked(text: str) -> bool:
    """Whether a text is one word, or a word and the link of a message. Anything longer may be a paste."""
    _, *rest = text[:_LONGEST].strip().split() or [""]
    return not rest or (len(rest) == 1 and "/archives/" in rest[0])


async def in_thread(services: Services, delivery: Delivery) -> str:
    """A mention or a direct message. What it changes is told in the thread anyway; only what it doesn't is answered."""
    action = _action(delivery)
    thread = await meant(services, delivery)
    answered, said = await _performed(services, delivery, action, thread)
    if answered == "done" and thread == delivery.thread:
        return action
    await answers.say(services, delivery.thread, delivery.message_ts, "escalation", plain(said))
    return "answered"


async def from_command(services: Services, delivery: Delivery) -> str:
    """`/mailflow escalate LINK`, answered for whoever typed it. The link is one of this very channel."""
    _, said = await _performed(services, delivery, _action(delivery), await meant(services, delivery))
    return await privately.tell(services, delivery, plain(said))


async def meant(services: Services, delivery: Delivery) -> Thread | None:
    """The thread that a request is about: the one that its link leads to, else its own. None where neither is a case's."""
    if _LINK.search(delivery.text[:_LONGEST]):
        return await _linked(services, delivery)
    return None if delivery.kind == "command" else delivery.thread


def _action(delivery: Delivery) -> str:
    return _WORDS[split(delivery.text)[0]]


async def _performed(
    services: Services, delivery: Delivery, action: str, thread: Thread | None
) -> tuple[Answered | None, str]:
    """What came of a request, and how to say it."""
    if services.oncall is None:
        return None, NOBODY
    if thread is None:
        return None, IN_THREADS.format(word=split(delivery.text)[0])
    if refused := await _refusal(services, delivery, action):
        return None, refused
    answered = await perform(services.oncall, action, Wish(thread, delivery.user, delivery.event))
    return answered, _SAID[action, answered]


async def _refusal(services: Services, delivery: Delivery, action: str) -> str:
    """Whoever wakes people up may be limited to some; to have it and to end it is everybody's."""
    if action != ESCALATE:
        return ""
    return await services.permissions.refusal("escalate", delivery.thread.team, delivery.user)


async def pressed(services: Services, delivery: Delivery) -> str:
    """A page's button."""
    said = NOBODY
    if services.oncall is not None and not (said := await _refusal(services, delivery, delivery.action)):
        wish = Wish(delivery.thread, delivery.user, delivery.event, delivery.text)
        said = _SAID[delivery.action, await perform(services.oncall, delivery.action, wish)]
    return await privately.about_a_button(services, delivery, said)


async def perform(oncall: OnCall, action: str, wish: Wish) -> Answered:
    """Does what a person wants: `action` is ESCALATE, ACKNOWLEDGE or RESOLVE."""
    if action == ESCALATE:
        return await oncall.escalate(wish)
    return await (oncall.acknowledge(wish) if action == ACKNOWLEDGE else oncall.resolve(wish))


async def noticed(services: Services, delivery: Delivery, *, judged: bool) -> None:
    """Tells on-call what came of a message: a judgement of the case, or just that something moves in a thread."""
    if services.oncall is None:
        return
    if judged and not delivery.thread.channel.startswith(
        _DIRECT
    ):  # what somebody shows us alone pages nobody by itself
        report = await judge(await services.cases.pasted(delivery.thread))
        await services.oncall.saw(delivery.thread, delivery.user, report)
    else:
        await services.oncall.moved(delivery.thread)


async def found(services: Services, thread: Thread) -> None:
    """A look of our own found a failure, and opened a case with it: the rules decide whether anybody is paged."""
    if services.oncall is not None and not thread.channel.startswith(_DIRECT):
        await services.oncall.saw(thread, "", await judge(await services.cases.pasted(thread)))


async def changed(services: Services, delivery: Delivery) -> None:
    """A paste was edited or deleted."""
    if services.oncall is not None:
        await services.oncall.changed(delivery.thread)


async def _linked(services: Services, delivery: Delivery) -> Thread | None:
    """The case that a link in the text leads to. People may act on what they can see: on this channel's threads."""
    found = _LINK.search(delivery.text[:_LONGEST])
    if found is None or found.group(1) != delivery.thread.channel:
        return None
    thread = Thread(delivery.thread.team, found.group(1), found.group(4) or f"{found.group(2)}.{found.group(3)}")
    return thread if await services.cases.pasted(thread) else None
