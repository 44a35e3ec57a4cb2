"""People of other organisations, in channels that Slack Connect shares. What they paste is answered as everybody's is; what has
consequences, or tells of more than their channel, is for those of them whom the operator names."""

from __future__ import annotations

from handlers import answers, commands, feedback, forms, messages, privately
from handlers.blocks import SHOW_STEPS, plain
from handlers.blocks.home import STOP_WATCH
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services
from handlers.words import find


async def refused(services: Services, delivery: Delivery) -> str:
    """Tells somebody that what they want is not for them, and returns what came of that; "" where it is."""
    if not delivery.outside or not _wants_more(delivery):
        return ""
    told = await services.permissions.refusal("partner", delivery.thread.team, delivery.user)
    if not told:
        return ""
    if delivery.kind == "message" and await messages.looping(services, delivery):
        return "paused"
    await _tell(services, delivery, told)
    return "refused"


def _wants_more(delivery: Delivery) -> bool:
    """Whether it is more than a paste, or a question that words answer. A new button or form is, until it says otherwise."""
    if delivery.kind in ("message", "edit"):
        word = messages.asked(delivery)
        return bool(word and not word.anybody and (delivery.kind == "message" or word.edits or word.reply))
    if delivery.kind == "command":
        word = find(commands.WORDS, delivery.text)
        return bool(word and not word.anybody)
    if delivery.kind == "action":
        return delivery.action != SHOW_STEPS
    return delivery.kind in ("check", "verdict")


async def _tell(services: Services, delivery: Delivery, text: str) -> None:
    if delivery.kind == "verdict":
        await feedback.only_you(services, delivery, text)
    elif delivery.kind == "check" or delivery.action == STOP_WATCH:
        await forms.tell(services, delivery.thread.team, delivery.user, text)
    elif delivery.kind == "command":
        await privately.tell(services, delivery, plain(text))
    elif delivery.kind == "action":
        await privately.about_a_button(services, delivery, text)
    else:
        answer = await answers.say(services, delivery.thread, delivery.message_ts, "answer", plain(text))
        if delivery.kind == "edit":
            await answers.change(services, answer, plain(text))
