"""What people are called, for sentences that ping nobody."""

from __future__ import annotations

from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

_MOST: Final = 500


class Names:
    """Slack is asked once for each person."""

    def __init__(self, slack: AsyncWebClient) -> None:
        self._slack = slack
        self._known: dict[str, str] = {}

    async def of(self, who: str) -> str:
        """`who` is `@` and a Slack id, or a name already. Their id where Slack doesn't say."""
        if not who.startswith("@"):
            return who
        if who not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[who] = await self._ask(who[1:])
        return self._known[who]

    async def _ask(self, member: str) -> str:
        try:
            user = (await self._slack.users_info(user=member))["user"]
        except SlackApiError:
            return member
        profile = user.get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or user.get("real_name") or member)
