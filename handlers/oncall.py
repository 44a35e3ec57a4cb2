"""On call, as people reach it: `escalate`, `ack` and `resolve` in a thread or as a command, and the buttons of a page."""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear
from handlers import answers, privately
from handlers.blocks import Message, plain
from handlers.blocks.message import Button, message
from handlers.blocks.outline import line, part
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE, RESOLVE
from handlers.duty import on_call_now
from handlers.ports.inbox import Delivery
from handlers.ports.oncall import Answered, OnCall, Wish
from handlers.ports.services import Services
from handlers.ports.thread import Thread, is_direct
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
NOBODY: Final = (
    "Nobody is on call for this workspace, so nobody was paged. Whoever runs Mailflow can say who is, in an on-call file: see "
    "MAILFLOW_ONCALL_FILE. Acknowledging and resolving work without one."
)
IN_THREADS: Final = (
    "Which case? Mention me in its thread, as in: @Mailflow {word}. Slack has no commands in threads; elsewhere, put "
    "the link of one of the case's messages behind the word, in the channel that it is in."
)
_UNFOUNDED: Final = (
    "I know of no failure in this thread, and whoever is paged can't read it: they would learn only that you ask for them.",
    "To have them told what is wrong, paste the error and reply `escalate` below it. Or press the button.",
)
_SAID: Final[dict[tuple[str, Answered], str]] = {
    (ESCALATE, "done"): "Whoever is on call is being paged.",
    (ESCALATE, "already"): "Somebody was paged a moment ago. Ask again in a minute, and the next level is paged.",
    (ESCALATE, "nothing"): "I no longer know this case. Mention me in its thread, as in: @Mailflow escalate.",
    (ESCALATE, "nobody"): NOBODY,
    (ACKNOWLEDGE, "done"): "You have it.",
    (ACKNOWLEDGE, "already"): "You have it already.",
    (ACKNOWLEDGE, "nothing"): "There is nothing to acknowledge: no failure was reported here, or it is resolved.",
    (RESOLVE, "done"): "It is resolved.",
    (RESOLVE, "already"): "It is resolved already.",
    (RESOLVE, "nothing"): "There is nothing to resolve: no failure was reported here, or it is resolved.",
}


def alone_or_linked(text: str) -> bool:
    """Whether a text is one word, or a word and the link of a message. Anything longer may be a paste."""
    _, *rest = text[:_LONGEST].strip().split() or [""]
    return not rest or (len(rest) == 1 and "/archives/" in rest[0])


def said(action: str, answered: Answered) -> str:
    """What came of it, for whoever wanted it."""
    return _SAID[action, answered]


async def in_thread(services: Services, delivery: Delivery) -> str:
    """A mention or a direct message. What it changes is told in the thread anyway; only what it doesn't is answered."""
    action = _action(delivery)
    thread = await meant(services, delivery)
    answered, told = await _performed(services, delivery, action, thread)
    if answered == "done" and thread == delivery.thread and (await services.incidents.standing(thread)).lead is None:
        return action
    await answers.say(services, delivery.thread, delivery.message_ts, "escalation", told)
    return "answered"


async def from_command(services: Services, delivery: Delivery) -> str:
    """`/mailflow escalate LINK`, answered for whoever typed it. The link is one of this very channel."""
    _, told = await _performed(services, delivery, _action(delivery), await meant(services, delivery))
    return await privately.tell(services, delivery, told)


async def meant(services: Services, delivery: Delivery) -> Thread | None:
    """The thread that a request is about: the one that its link leads to, else its own. None where neither is a case's."""
    if _LINK.search(delivery.text[:_LONGEST]):
        return await _linked(services, delivery)
    return None if delivery.kind == "command" else delivery.thread


def _action(delivery: Delivery) -> str:
    return _WORDS[split(delivery.text)[0]]


async def _performed(
    services: Services, delivery: Delivery, action: str, thread: Thread | None
) -> tuple[Answered | None, Message]:
    """What came of a request, and how to say it."""
    if action == ESCALATE and not (await services.incidents.standing(thread or delivery.thread)).anybody:
        return "nobody", plain(NOBODY)
    if thread is None:
        return None, plain(IN_THREADS.format(word=split(delivery.text)[0]))
    if refused := await _refusal(services, delivery, action):
        return None, plain(refused)
    if action == ESCALATE and is_direct(thread.channel) and not await services.oncall.knows(thread):
        return None, await _question(services, thread.team)
    answered = await perform(services.oncall, action, Wish(thread, delivery.user, delivery.event))
    return answered, plain(_SAID[action, answered])


async def _question(services: Services, team: str) -> Message:
    """Before somebody is woken up by a word: who that is, and that they would not learn what for. Its button does it."""
    duties = await services.roster.now(team)
    unfounded = part([line("heading", "Nobody is paged yet"), *(line("text", text) for text in _UNFOUNDED)], rank=0)
    return message([*unfounded, *on_call_now(duties)], buttons=[Button("Page who is on call", ESCALATE)])


async def _refusal(services: Services, delivery: Delivery, action: str) -> str:
    """Whoever wakes people up may be limited to some; to have it and to end it is everybody's of our organisation."""
    if action != ESCALATE:
        return ""
    return await services.permissions.refusal("escalate", delivery.thread.team, delivery.user)


async def pressed(services: Services, delivery: Delivery) -> str:
    """A button of a page or a card."""
    if not (told := await _refusal(services, delivery, delivery.action)):
        wish = Wish(delivery.thread, delivery.user, delivery.event, delivery.text)
        told = said(delivery.action, await perform(services.oncall, delivery.action, wish))
    return await privately.about_a_button(services, delivery, told)


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
