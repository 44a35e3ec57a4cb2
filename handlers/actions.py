"""Buttons under our answers. What they need is on record, so they work after a restart and for as long as the case."""

from __future__ import annotations

from handlers import answers, checks, feedback, home, incidents, oncall, post_mortem, privately, watches
from handlers.blocks import CHECK_HOST, MORE_INCIDENTS, PAGE_ACTIONS, POST_MORTEM, RIGHT, details
from handlers.blocks.home import STOP_WATCH
from handlers.judging import judge
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services


async def pressed(services: Services, delivery: Delivery) -> str:
    """Deals with a button, by its action_id."""
    if delivery.action == CHECK_HOST:
        return await checks.pressed(services, delivery)
    if delivery.action == MORE_INCIDENTS:
        return await incidents.older(services, delivery)
    if delivery.action == POST_MORTEM:
        return await post_mortem.pressed(services, delivery)
    if delivery.action == STOP_WATCH:
        outcome = await watches.from_home(services, delivery)
        await home.draw(services, delivery.thread.team, delivery.user)
        return outcome
    if delivery.action in PAGE_ACTIONS:
        return await oncall.pressed(services, delivery)
    if delivery.action == RIGHT:
        return await feedback.voted_right(services, delivery)
    return await show_steps(services, delivery)


async def show_steps(services: Services, delivery: Delivery) -> str:
    """Posts every step of an answer into its thread, once."""
    thread = delivery.thread
    own = await services.cases.answer_at(thread.team, thread.channel, delivery.message_ts)
    until = None if own and own.part == "card" else own.message_ts if own else ""  # a card shows the whole case
    held = await services.cases.pasted(own.thread, until=until) if own else ()
    if own is None or not held or own.state == "withdrawn":
        return await privately.about_a_button(
            services, delivery, "I no longer have what this answer was based on. Please paste it again."
        )
    if any(
        other.part == "steps" and other.message_ts == own.message_ts
        for other in await services.cases.answers(own.thread, since=own.message_ts)
    ):
        return await privately.about_a_button(
            services, delivery, "All steps of this answer are already in this thread."
        )
    message = details(await judge(held))
    await answers.say(services, own.thread, own.message_ts, "steps", message, judged=True)
    return "answered"
