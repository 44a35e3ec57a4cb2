"""Who may call the Web API: tokens that the workspace was started with, and those of an app that is installed by OAuth.

Sources: https://docs.slack.dev/authentication/installing-with-oauth, https://docs.slack.dev/authentication/using-token-rotation
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.playground import people
from bot.playground.errors import SlackError
from bot.playground.people import Team
from bot.playground.workspace import Json

LIFETIME = 43_200  # seconds: twelve hours
_CODE_SECONDS = 600.0
_GRACE = 60.0  # seconds in which a refresh token that was used is taken once more: its answer may have been lost


@dataclass(frozen=True, slots=True)
class App:
    """The app's credentials. With `rotates`, its tokens expire after `lifetime` seconds."""

    client_id: str
    client_secret: str
    rotates: bool = True
    lifetime: int = LIFETIME


@dataclass(slots=True)
class _Refresh:
    """A refresh token: when it was used, and what it gave."""

    used_at: float | None = None
    gave: tuple[str, ...] = ()


class Tokens:
    """The tokens of one workspace. `bot_token` may be "" where the app is installed by OAuth. `clock` gives Unix seconds."""

    def __init__(
        self, team: Team, clock: Callable[[], float], *, bot_token: str, app_token: str, app: App | None = None
    ) -> None:
        self.bot_token = bot_token
        self.app = app
        self.consents = True
        """What whoever is asked to install the app says."""
        self.org_wide = False
        """Whether the app is installed for a whole organisation rather than for this workspace."""
        self._team = team
        self._clock = clock
        self._app_token = app_token
        self._codes: dict[str, tuple[str, str, float]] = {}
        self._issued: dict[str, float | None] = {}
        self._refresh: dict[str, _Refresh] = {}

    # -- calling --------------------------------------------------------------------------------------

    def kind(self, token: str) -> Literal["bot", "app"]:
        """Whose token it is. Raises SlackError."""
        if not token:
            raise SlackError("not_authed")
        if self._app_token and _same(token, self._app_token):
            return "app"
        if self.bot_token and _same(token, self.bot_token):
            return "bot"
        if token not in self._issued:
            raise SlackError("invalid_auth")
        until = self._issued[token]
        if until is not None and until <= self._clock():
            raise SlackError("token_expired")
        return "bot"

    def knows(self, secret: str) -> bool:
        """Whether a token, a code or a refresh token is one of this workspace."""
        return secret in self._issued or secret in self._codes or secret in self._refresh

    def expire(self) -> None:
        """Lets the time of every bot token run out."""
        self._issued = dict.fromkeys(self._issued, self._clock())

    def revoke(self) -> None:
        """What uninstalling the app does."""
        self._issued.clear()
        self._refresh.clear()
        self._codes.clear()

    # -- installing -----------------------------------------------------------------------------------

    async def authorize(self, request: web.Request) -> web.Response:
        """The page that asks whether the app may be installed, answered at once. Leads back to the app."""
        asked = request.query
        back = asked.get("redirect_uri", "")
        if self.app is None or asked.get("client_id") != self.app.client_id or not urlsplit(back).scheme:
            return web.Response(status=400, text="Invalid client_id or redirect_uri")
        answer = {"state": asked.get("state", "")}
        if self.consents:
            code = f"{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
            self._codes[code] = (back, asked.get("scope", ""), self._clock() + _CODE_SECONDS)
            answer["code"] = code
        else:
            answer["error"] = "access_denied"
        raise web.HTTPFound(f"{back}?{urlencode(answer)}")

    def access(self, args: Json) -> Json:
        """`oauth.v2.access`: a code, or a refresh token, for a token. Raises SlackError."""
        if self.app is None or args.get("client_id") != self.app.client_id:
            raise SlackError("invalid_client_id")
        if not _same(str(args.get("client_secret") or ""), self.app.client_secret):
            raise SlackError("bad_client_secret")
        if args.get("grant_type") == "refresh_token":
            return self._refreshed(str(args.get("refresh_token") or ""))
        back, scope, until = self._codes.pop(str(args.get("code") or ""), ("", "", 0.0))
        if until <= self._clock():
            raise SlackError("invalid_code")
        if args.get("redirect_uri", "") != back:
            raise SlackError("bad_redirect_uri")
        return self._granted(scope, self._pair()[0])

    def _refreshed(self, token: str) -> Json:
        found = self._refresh.get(token)
        if found is None or (found.used_at is not None and self._clock() > found.used_at + _GRACE):
            raise SlackError("invalid_refresh_token")
        for lost in found.gave:
            self._issued.pop(lost, None)
            self._refresh.pop(lost, None)
        fields, found.gave = self._pair()
        found.used_at = self._clock() if found.used_at is None else found.used_at
        return self._granted("", fields)

    def _pair(self) -> tuple[Json, tuple[str, ...]]:
        assert self.app is not None
        token = f"xoxb-{secrets.token_hex(12)}"
        if not self.app.rotates:
            self._issued[token] = None
            return {"access_token": token}, (token,)
        token, refresh = f"xoxe.{token}", f"xoxe-1-{secrets.token_hex(12)}"
        self._issued[token] = self._clock() + self.app.lifetime
        self._refresh[refresh] = _Refresh()
        fields = {"access_token": token, "refresh_token": refresh, "expires_in": self.app.lifetime}
        return fields, (token, refresh)

    def _granted(self, scope: str, tokens: Json) -> Json:
        team = {"id": self._team.id, "name": self._team.name}
        return {
            "app_id": people.APP,
            "authed_user": {"id": people.PEOPLE[0].id},
            "scope": scope,
            "token_type": "bot",
            "bot_user_id": people.BOT_USER,
            "team": None if self.org_wide else team,
            "enterprise": {"id": "E0CONTOSO1", "name": "Contoso Group"} if self.org_wide else None,
            "is_enterprise_install": self.org_wide,
            **tokens,
        }


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
