"""Who is on call by a Slack user group: its members. https://docs.slack.dev/reference/methods/usergroups.users.list"""

from __future__ import annotations

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.oncall.failures import AdapterError
from handlers.failures import advice, slack_error


async def members(slack: AsyncWebClient, group: str) -> tuple[str, ...]:
    """Slack ids of the people in a group, those of disabled accounts left out by Slack. Raises AdapterError."""
    try:
        answer = await slack.usergroups_users_list(usergroup=group)
    except SlackApiError as error:
        what = advice(error)
        reason = slack_error(error) or "no answer"
        raise AdapterError(
            f"Slack doesn't list the user group ({reason})", passes=what.passes, after=what.after
        ) from error
    return tuple(str(member) for member in answer.get("users") or ())
