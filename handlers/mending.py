"""What Slack refuses until a person mends it: somebody who can is told, once a day, and how.

Errors: https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

from __future__ import annotations

import logging
from typing import Any, Final

from slack_sdk.errors import SlackApiError

from diagnostics.patterns import linear
from handlers import answers, paging
from handlers.blocks import plain
from handlers.failures import slack_error
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services

logger = logging.getLogger(__name__)

_INVITE: Final = "I can't post in {where}. Add me there with /invite @Mailflow, and ask again."
_MENDS: Final = {
    "not_in_channel": _INVITE,
    "channel_not_found": _INVITE,
    "is_archived": "{where} is archived, so I can't post there. Ask me in another channel, or in a direct message.",
    "restricted_action": "I am not allowed to post in {where}. An owner of the workspace can let apps post there.",
}
_SCOPE = linear(r"[a-z][a-z:._-]{1,60}")


def mend(error: BaseException, where: str = "the channel where you asked") -> str:
    """The sentence that says what Slack refused and how that is mended; "" for what nobody in Slack can mend."""
    if not isinstance(error, SlackApiError):
        return ""
    if scope := lacking(error):
        return f"The app lacks the scope {scope}: whoever manages it can add that on api.slack.com and reinstall it."
    said = _MENDS.get(slack_error(error), "").format(where=where)
    return said[:1].upper() + said[1:]


def lacking(error: SlackApiError) -> str:
    """The scope that the app would need, as Slack names it; "" when that isn't what is wrong."""
    data: Any = getattr(error.response, "data", None)
    if slack_error(error) != "missing_scope" or not isinstance(data, dict):
        return ""
    needed = str(data.get("needed") or "").split(",")[0].strip()
    return needed if _SCOPE.fullmatch(needed) else "that Slack asks for"


async def tell(services: Services, delivery: Delivery, error: BaseException) -> bool:
    """Tells whoever asked, in private, unless somebody was told of the same today. Whether they were told."""
    sentence = mend(error)
    if not sentence or not isinstance(error, SlackApiError):
        return False
    place = delivery.thread
    logger.error("Slack refuses until somebody mends it", extra={"team": place.team, "mend": sentence})
    if not (delivery.user or delivery.response_url):
        return False
    if not await services.told.first(place.team, slack_error(error), place.channel):
        return False
    try:
        await _whisper(services, delivery, sentence)
    except SlackApiError as refused:
        logger.warning("and nobody could be told", extra={"reason": slack_error(refused)})
        return False
    return True


async def _whisper(services: Services, delivery: Delivery, sentence: str) -> None:
    said = plain(sentence)
    if delivery.response_url:
        shown = {"response_type": "ephemeral", "replace_original": False, "text": said.text}
        await services.respond(delivery.response_url, shown)
        return
    slack = await services.slack(delivery.thread.team)
    channel = await paging.direct_channel(slack, delivery.user)
    await answers.with_or_without_blocks(slack.chat_postMessage, said, channel=channel)
