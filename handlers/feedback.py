"""What people say of a card: that it was right, or what it was instead, or what it was when it is over."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError

from handlers import oncall, privately
from handlers.blocks import RESOLVE_CASE
from handlers.blocks.page import RESOLVE
from handlers.blocks.verdict_form import Place, verdict_form
from handlers.deliveries import outside
from handlers.failures import advice, slack_error
from handlers.ports.feedback import OTHER_CAUSE, Vote
from handlers.ports.inbox import Delivery
from handlers.ports.oncall import Wish
from handlers.ports.services import Services
from handlers.ports.thread import Thread
from handlers.telemetry import voted

logger = logging.getLogger(__name__)

_THANKS: Final = "Thank you, noted. Only the last word of each person counts, and nobody else sees it."
_LATE: Final = (
    "Slack did not let me open the form in time. Nothing has happened yet: please press the button once more."
)

Json = dict[str, Any]


def opener(services: Services) -> Callable[..., Awaitable[None]]:
    """The listener for buttons that open the form. Slack wants it opened within three seconds, so no job does it; a crash
    loses nothing, because nothing was promised."""

    async def open_form(ack: Callable[[], Awaitable[None]], body: Json, context: AsyncBoltContext) -> None:
        await ack()
        place, thread = _pressed(body, context.team_id or "")
        if outside(body, await services.identity(thread.team)) and (
            told := await services.permissions.refusal("partner", thread.team, str(body["user"]["id"]))
        ):
            await _beside(services, body, thread, told)
            return
        standing = await services.incidents.standing(thread)
        try:
            slack = await services.slack(thread.team)
            await slack.views_open(trigger_id=str(body["trigger_id"]), view=verdict_form(place, standing.suspects))
        except (SlackApiError, TimeoutError, OSError) as error:
            reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
            logger.warning("a form was not opened", extra={"reason": reason})
            await _beside(services, body, thread, _LATE)

    return open_form


async def _beside(services: Services, body: Json, thread: Thread, text: str) -> None:
    """Answers whoever pressed a button that opens a form."""
    said = {"response_type": "ephemeral", "replace_original": False, "thread_ts": thread.ts, "text": text}
    await services.respond(str(body.get("response_url") or ""), said)


async def voted_right(services: Services, delivery: Delivery) -> str:
    """The button that says that the card is right; its value is the cause that it names."""
    vote = Vote(delivery.user, right=True, shown=delivery.text, cause=delivery.text)
    await services.feedback.keep(delivery.thread, vote)
    voted(vote)
    return await privately.about_a_button(services, delivery, _THANKS)


async def submitted(services: Services, delivery: Delivery) -> str:
    """A form. Who resolves with it also says what it was."""
    told = json.loads(delivery.text)
    resolving = delivery.action == RESOLVE_CASE
    vote = Vote(
        delivery.user,
        resolution=resolving,
        right=None if resolving else False,
        shown="" if resolving else told["value"],
        cause="" if told["cause"] == OTHER_CAUSE else told["cause"],
        words=told["words"],
        note=told["note"],
    )
    await services.feedback.keep(delivery.thread, vote)
    voted(vote)
    said = _THANKS
    if resolving:
        wish = Wish(delivery.thread, delivery.user, delivery.event, told["value"], told["cause"])
        said = oncall.said(RESOLVE, await services.oncall.resolve(wish))
    await only_you(services, delivery, said)
    return "told"


async def only_you(services: Services, delivery: Delivery, text: str) -> None:
    """Forms have no address to answer to. Who can't be told has left the channel."""
    thread = delivery.thread
    try:
        slack = await services.slack(thread.team)
        await slack.chat_postEphemeral(channel=thread.channel, user=delivery.user, thread_ts=thread.ts, text=text)
    except SlackApiError as error:
        if advice(error).passes:
            raise
        logger.info("somebody could not be told", extra={"reason": slack_error(error)})


def _pressed(body: Json, team: str) -> tuple[Place, Thread]:
    container, action = body.get("container") or {}, body["actions"][0]
    message = body.get("message") or {}
    ts = str(container.get("message_ts") or "")
    channel = str(container.get("channel_id") or "")
    thread_ts = str(container.get("thread_ts") or message.get("thread_ts") or ts)
    place = Place(channel, thread_ts, ts, str(action["action_id"]), str(action.get("value") or ""))
    return place, Thread(team, channel, thread_ts)
