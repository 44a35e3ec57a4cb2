"""What the bot listens to. A middleware stores a delivery before it is acknowledged; a job deals with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from handlers import actions, answers, commands, feedback, logs, messages
from handlers.blocks import (
    CHECK_HOST,
    FORM_ACTIONS,
    MORE_INCIDENTS,
    PAGE_ACTIONS,
    POST_MORTEM,
    RIGHT,
    SHOW_STEPS,
    plain,
)
from handlers.blocks.verdict_form import VERDICT_FORM
from handlers.deliveries import COMMAND, SHORTCUT, accepted
from handlers.ports import Delivery, Services

_SORRY = (
    "Sorry, something on my side kept me from answering. Nothing is lost on yours: mention me in this thread to "
    "have me try again."
)


def register(app: AsyncApp, services: Services) -> None:
    """Adds the storing middleware and the listeners that acknowledge."""

    @app.use
    async def store(body: dict[str, Any], next: Callable[[], Awaitable[BoltResponse]]) -> None:  # noqa: A002 - Bolt's name
        """Raises when it could not be stored: then Slack gets no acknowledgement and delivers it again."""
        delivery = accepted(body, services.identity(), services.alert_bots)
        if delivery is not None:
            await services.inbox.accept(delivery)
        await next()

    async def acknowledge(ack: Callable[[], Awaitable[None]]) -> None:
        await ack()

    app.event("message")(_stored)
    app.event("app_mention")(_stored)
    app.command(COMMAND)(acknowledge)
    app.action(SHOW_STEPS)(acknowledge)
    app.action(CHECK_HOST)(acknowledge)
    for action in (RIGHT, MORE_INCIDENTS, POST_MORTEM, *PAGE_ACTIONS):
        app.action(action)(acknowledge)
    for action in FORM_ACTIONS:
        app.action(action)(feedback.opener(services))
    app.view(VERDICT_FORM)(acknowledge)
    app.shortcut(SHORTCUT)(acknowledge)


async def _stored() -> None:
    """Bolt acknowledges events by itself; there is nothing left to do."""


async def handle(services: Services, delivery: Delivery) -> str:
    """Deals with one stored delivery, in a job. Safe to repeat. Returns what came of it, for the log."""
    perform = {
        "message": messages.received,
        "edit": messages.edited,
        "delete": messages.deleted,
        "command": commands.run,
        "action": actions.pressed,
        "log": logs.read,
        "form": feedback.submitted,
    }[delivery.kind]
    return await perform(services, delivery)


async def apologise(services: Services, delivery: Delivery) -> None:
    """Says that there will be no answer. Silence would leave people waiting."""
    said = plain(_SORRY)
    if delivery.response_url:
        await services.respond(
            delivery.response_url,
            {"response_type": "ephemeral", "replace_original": False, "text": said.text},
        )
    elif delivery.kind != "delete":
        await answers.say(services, delivery.thread, delivery.message_ts, "apology", said)
