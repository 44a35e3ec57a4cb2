"""Slack: the tokens, the scopes that were granted, the channels that the bot is in, and Slack's clock beside ours.

Scopes: https://docs.slack.dev/reference/scopes. Every answer of Slack names those of its token in the header x-oauth-scopes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.model import Finding, Subject
from bot.settings import Settings, SettingsError
from bot.slack import client
from bot.telemetry import Telemetry
from handlers.failures import advice, slack_error

SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "hearing when it is mentioned",
    "channels:history": "reading pastes in public channels",
    "chat:write": "answering",
    "commands": "/mailflow and the message shortcut",
    "files:read": "reading logs that are uploaded",
    "files:write": "answering with files",
    "groups:history": "reading pastes in private channels",
    "im:history": "direct messages",
    "im:write": "writing to people, such as whoever is on call",
}
"""What the bot can't do without, and what for."""

OPTIONAL_SCOPES: Final[Mapping[str, str]] = {
    "usergroups:read": "user groups, on call and in permissions",
    "users:read": "names in pages",
}
_SOME_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 60.0
_SHOWN: Final = 10
_REINSTALL: Final = (
    "Add them under OAuth & Permissions (deploy/slack-manifest.yaml has them all), and reinstall the app."
)
_NOT_SET: Final = Finding(
    "Slack",
    "note",
    "No Slack token is set. `mailflow playground` works without.",
    "To join a workspace, follow docs/slack.md and set SLACK_BOT_TOKEN and SLACK_APP_TOKEN.",
)
_WHICH: Final = (
    "Socket Mode needs SLACK_APP_TOKEN, HTTP mode SLACK_SIGNING_SECRET: docs/slack.md says where to find them."
)
_REFUSALS: Final = {
    "invalid_auth": "Copy it again from the app's settings on api.slack.com",
    "not_allowed_token_type": "It is a token of another kind: bot tokens begin with xoxb-, app tokens with xapp-",
    "account_inactive": "The app was removed or the workspace closed: install the app again, and copy the new token",
    "token_revoked": "It was revoked: install the app again, and copy the new token",
    "token_expired": "It has expired: switch token rotation off in the app's settings, and copy the new token",
    "missing_scope": "The app token needs the scope connections:write: make a new one under Basic Information",
}


async def look(subject: Subject) -> AsyncIterator[Finding]:
    settings = subject.settings
    if not settings.on_slack:
        yield _NOT_SET
        return
    try:
        settings.require_slack()
    except SettingsError as missing:
        for sentence in missing.sentences:
            yield Finding("Slack", "fault", sentence, _WHICH)
    if settings.bot_token is None:
        yield await _without_token(subject)
        return
    slack = client(settings, subject.session, Telemetry(), settings.bot_token.get_secret_value())
    try:
        us = await slack.auth_test()
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        yield _refused("Slack token", "SLACK_BOT_TOKEN", error, settings)
        return
    yield Finding("Slack token", "ok", f"Slack knows the bot as @{us.get('user')} in {us.get('team')}.")
    yield _clock(us.headers)
    for finding in _scopes(us.headers, settings):
        yield finding
    yield await _channels(slack)


async def _without_token(subject: Subject) -> Finding:
    """Where workspaces install the app, their tokens are theirs to look at: Slack is asked for nothing but its time."""
    settings = subject.settings
    try:
        answer = await client(settings, subject.session, Telemetry(), None).api_test()
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        return _refused("Slack", "an unsigned call", error, settings)
    return _clock(answer.headers)


async def look_at_app_token(subject: Subject) -> AsyncIterator[Finding]:
    """Asks for the address of a socket and opens none: Slack would deliver events to it."""
    settings = subject.settings
    if settings.app_token is None or settings.mode == "http":
        return
    slack = client(settings, subject.session, Telemetry(), None)
    try:
        await slack.apps_connections_open(app_token=settings.app_token.get_secret_value())
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        yield _refused("app token", "SLACK_APP_TOKEN", error, settings)
    else:
        yield Finding("app token", "ok", "Slack lets the bot open a socket.")


def _refused(check: str, name: str, error: Exception, settings: Settings) -> Finding:
    if isinstance(error, SlackApiError) and not advice(error).passes:
        reason = slack_error(error)
        mend = _REFUSALS.get(reason, _REFUSALS["invalid_auth"])
        return Finding(check, "fault", f"Slack refuses {name} ({reason}).", f"{mend}.")
    reason = advice(error).reason
    return Finding(
        check,
        "fault",
        f"Slack can't be reached at {settings.slack_api_url} ({reason}).",
        "This machine needs HTTPS to slack.com and, for Socket Mode, to wss-primary.slack.com; HTTPS_PROXY names a proxy.",
    )


def _clock(headers: Mapping[str, str]) -> Finding:
    try:
        theirs = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return Finding("clock", "note", "Slack's answer has no time to compare ours with.")
    off = (datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds()
    way = "ahead of" if off > 0 else "behind"
    if abs(off) < _SOME_SECONDS:
        return Finding("clock", "ok", "This machine's clock agrees with Slack's.")
    says = f"This machine's clock is {abs(off):.0f} s {way} Slack's."
    if abs(off) < _MOST_SECONDS:
        return Finding("clock", "warning", says, "Have it set by NTP.")
    return Finding(
        "clock", "fault", says, "Have it set by NTP: from five minutes on, Slack's requests count as forged."
    )


def _scopes(headers: Mapping[str, str], settings: Settings) -> list[Finding]:
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope.strip()}
    if not granted:
        return [Finding("scopes", "note", "Slack doesn't say which scopes were granted.")]
    groups = (
        settings.oncall_file or settings.may_check or settings.may_escalate or settings.may_watch or settings.partners
    )
    needed = {**SCOPES, **OPTIONAL_SCOPES} if groups else SCOPES
    found = []
    if missing := _without(needed, granted):
        found.append(Finding("scopes", "fault", f"Scopes are missing: {missing}.", _REINSTALL))
    else:
        found.append(Finding("scopes", "ok", "Every scope that the bot needs is granted."))
    if not groups and (missing := _without(OPTIONAL_SCOPES, granted)):
        mend = f"Only where you want that. {_REINSTALL}"
        found.append(Finding("optional scopes", "note", f"Not granted: {missing}.", mend))
    return found


def _without(wanted: Mapping[str, str], granted: set[str]) -> str:
    return ", ".join(f"{scope} ({what})" for scope, what in wanted.items() if scope not in granted)


async def _channels(slack: AsyncWebClient) -> Finding:
    """Slack tells it to apps with channels:read and groups:read alone. The manifest doesn't ask for them: naming channels here
    is not worth reading the names of all."""
    try:
        answer: Any = await slack.users_conversations(
            types="public_channel,private_channel", exclude_archived=True, limit=200
        )
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
        says = f"Slack doesn't say which channels the bot is in ({reason})."
        return Finding("channels", "note", says, "Invite it where errors are pasted: /invite @Mailflow")
    names = [f"#{channel.get('name')}" for channel in answer.get("channels") or ()]
    if not names:
        says = "The bot is in no channel, so it hears direct messages only."
        return Finding("channels", "warning", says, "Invite it where errors are pasted: /invite @Mailflow")
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Finding("channels", "ok", f"The bot is in {', '.join(names[:_SHOWN])}{more}.")
