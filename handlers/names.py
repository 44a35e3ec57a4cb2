"""What people are called, for sentences that ping nobody."""

from __future__ import annotations

from typing import Final

from slack_sdk.errors import SlackApiError

from handlers.ports.slack import Slack

_MOST: Final = 500


class Names:
    """Slack is asked once for each person."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._known: dict[tuple[str, str], str] = {}

    async def of(self, team: str, who: str) -> str:
        """`who` is `@` and a Slack id, or a name already. Their id where Slack doesn't say."""
        if not who.startswith("@"):
            return who
        if (team, who) not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[team, who] = await self._ask(team, who[1:])
        return self._known[team, who]

    async def _ask(self, team: str, member: str) -> str:
        try:
            user = (await (await self._slack(team)).users_info(user=member))["user"]
        except SlackApiError:
            return member
        profile = user.get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or user.get("real_name") or member)
