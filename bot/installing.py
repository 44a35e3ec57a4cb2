"""Installation by OAuth: `/slack/install` leads to Slack, `/slack/oauth_redirect` takes whoever agreed there back.

https://docs.slack.dev/authentication/installing-with-oauth
"""

from __future__ import annotations

import html
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urljoin

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.database import Database
from bot.database.installations import Installations
from bot.database.oauth_states import SECONDS, OAuthStates
from bot.settings import Settings

logger = logging.getLogger(__name__)

_UNHEARD: Final = logging.getLogger(f"{__name__}.library")
_UNHEARD.disabled = True  # it would log the code that Slack gave

INSTALL: Final = "/slack/install"
REDIRECT: Final = "/slack/oauth_redirect"
SCOPES: Final = (
    "app_mentions:read",
    "channels:history",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "im:history",
    "im:write",
    "usergroups:read",
    "users:read",
)
"""What the manifest asks for, with what it calls optional: whoever installs the app may leave that out."""

_SECURITY: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_WRONG: Final = {
    "access_denied": (200, "Nothing was installed, as you wished."),
    "invalid_browser": (400, "This browser did not begin this installation. Please begin again here."),
    "invalid_state": (400, "This took too long, or the page was loaded twice. Please begin again."),
    "unreachable": (503, "Slack can't be reached at the moment. Please try again in a minute."),
    "org_wide": (
        400,
        "Mailflow is installed workspace by workspace, not for a whole organisation. Please choose a workspace.",
    ),
}
_REFUSED: Final = (400, "Slack did not agree to this installation. Please begin again.")


class OrgWideError(BoltError):
    """The app was installed for an organisation. What it would be asked there belongs to workspaces that we can't tell apart
    before they ask."""


class _Store(AsyncInstallationStore):
    """Keeps what Slack gives us, as far as we use it."""

    def __init__(self, installations: Installations, client: AsyncWebClient) -> None:
        self._installations = installations
        self._client = client

    async def async_save(self, installation: Installation) -> None:
        """Raises OrgWideError."""
        bot = installation.to_bot()
        if installation.is_enterprise_install or not bot.team_id:
            await self._client.auth_revoke(token=bot.bot_token)  # nobody will use it
            raise OrgWideError("installed for an organisation")
        await self._installations.save(bot)
        logger.info("installed", extra={"team": bot.team_id})


class Installing:
    """The two addresses. `client` has no token, `ready` says whether the bot takes requests."""

    def __init__(
        self, settings: Settings, database: Database, client: AsyncWebClient, *, ready: Callable[[], bool]
    ) -> None:
        assert settings.client_secret
        self._ready = ready
        self._flow = AsyncOAuthFlow(
            client=client,
            logger=_UNHEARD,
            settings=AsyncOAuthSettings(
                client_id=settings.client_id,
                client_secret=settings.client_secret.get_secret_value(),
                scopes=SCOPES,
                user_scopes=(),
                redirect_uri=f"{settings.public_url}{REDIRECT}",
                install_path=INSTALL,
                redirect_uri_path=REDIRECT,
                install_page_rendering_enabled=False,
                authorization_url=urljoin(settings.slack_api_url, "../oauth/v2/authorize"),
                installation_store=_Store(Installations(database), client),
                state_store=OAuthStates(database),
                state_expiration_seconds=SECONDS,
                callback_options=AsyncCallbackOptions(success=self._succeeded, failure=self._failed),
            ),
        )

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(INSTALL, self._answering(self._begin)),
            web.get(REDIRECT, self._answering(self._flow.handle_callback)),
        ]

    async def _begin(self, _request: AsyncBoltRequest) -> BoltResponse:
        """The library would put what the request says into the address that it leads to."""
        return await self._flow.handle_installation(AsyncBoltRequest(body=""))

    def _answering(
        self, handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            if not self._ready():
                return web.Response(status=503, text="starting")
            try:
                return await to_aiohttp_response(await handle(await to_bolt_request(request)))
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                logger.warning("an installation failed", extra={"reason": type(error).__name__})
                return await to_aiohttp_response(self._page(*_WRONG["unreachable"], again=True))

        return answer

    async def _succeeded(self, args: AsyncSuccessArgs) -> BoltResponse:
        team = html.escape(args.installation.team_name or "your workspace")
        return self._page(
            200, f"Mailflow is in {team}. Invite it into a channel (/invite @Mailflow) and paste an error."
        )

    async def _failed(self, args: AsyncFailureArgs) -> BoltResponse:
        reason = "org_wide" if isinstance(args.error, OrgWideError) else args.reason
        logger.warning("an installation failed", extra={"reason": reason if reason in _WRONG else "refused by Slack"})
        return self._page(*_WRONG.get(reason, _REFUSED), again=True)

    def _page(self, status: int, sentence: str, *, again: bool = False) -> BoltResponse:
        more = f'<p><a href="{INSTALL}">Begin again</a></p>' if again else ""
        return BoltResponse(
            status=status,
            body=f"<!DOCTYPE html><html lang=en><title>Mailflow</title><p>{sentence}</p>{more}</html>",
            headers={
                **_SECURITY,
                "Content-Type": "text/html; charset=utf-8",
                "Set-Cookie": self._flow.settings.state_utils.build_set_cookie_for_deletion(),
            },
        )
