"""Pages in Slack: a direct message, a message in a channel or thread. Each is posted once, however often it is tried."""

from __future__ import annotations

from uuid import UUID

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers import answers
from handlers.blocks import Message
from handlers.failures import slack_error
from handlers.ports.thread import Thread

EVENT_TYPE = "mailflow_page"
_NOT_TOLD = frozenset({"missing_scope", "user_not_found", "user_not_visible"})


async def post(
    slack: AsyncWebClient, channel: str, thread_ts: str, message: Message, page: UUID, *, again: bool
) -> str:
    """Posts a page, in a thread or ("" as `thread_ts`) in the channel; its ts. `again`: it may be there already, and is
    looked for first. Raises SlackApiError."""
    if again and (found := await _found(slack, channel, thread_ts, page)):
        return found
    posted = await answers.with_or_without_blocks(
        slack.chat_postMessage,
        message,
        channel=channel,
        thread_ts=thread_ts or None,
        metadata={"event_type": EVENT_TYPE, "event_payload": {"page": str(page)}},
        unfurl_links=False,
        unfurl_media=False,
    )
    return str(posted["ts"])


async def edit(slack: AsyncWebClient, channel: str, ts: str, message: Message) -> None:
    """Changes what a page says. Nobody is notified."""
    await answers.edit(slack, channel, ts, message)


async def direct_channel(slack: AsyncWebClient, member: str) -> str:
    """The id of the conversation with a person. Raises SlackApiError: they don't exist, are disabled, or are a bot."""
    opened = await slack.conversations_open(users=member)
    return str(opened["channel"]["id"])


async def permalink(slack: AsyncWebClient, thread: Thread) -> str:
    """Where the thread is; "" when Slack doesn't say."""
    try:
        answer = await slack.chat_getPermalink(channel=thread.channel, message_ts=thread.ts)
    except SlackApiError:
        return ""
    return str(answer.get("permalink") or "")


async def _found(slack: AsyncWebClient, channel: str, thread_ts: str, page: UUID) -> str:
    async for message in answers.listed(slack, channel, thread_ts):
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        if payload.get("page") == str(page):
            return str(message["ts"])
    return ""


async def sees_all(slack: AsyncWebClient, team: str, member: str) -> bool:
    """Whether somebody may read every public channel: a full member of the workspace. Not when Slack doesn't say."""
    try:
        user = (await slack.users_info(user=member))["user"]
    except SlackApiError as error:
        if slack_error(error) not in _NOT_TOLD:
            raise
        return False
    workspaces = {user.get("team_id"), *((user.get("enterprise_user") or {}).get("teams") or ())}
    return team in workspaces and not any(
        user.get(flag) for flag in ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
    )
