"""The manifest asks for what the code uses, and for nothing else. (All other tests run under it: see `place`.)"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot.doctor import slack as doctor
from bot.installing import SCOPES
from handlers.blocks.form import FORM
from handlers.deliveries import COMMAND, SHORTCUT
from tests.bot.manifest import HTTP, for_http, installed, parsed

ROOT = Path(__file__).parents[2]
# Scopes by method and event: https://docs.slack.dev/reference/methods and https://docs.slack.dev/reference/events
METHODS = {
    "auth_revoke": set(),
    "auth_test": set(),
    "apps_connections_open": set(),
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "views_open": set(),
    "views_publish": set(),
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "chat_getPermalink": set(),
    "conversations_open": {"im:write"},
    "files_info": {"files:read"},
    "files_upload_v2": {"files:write"},
    "files_delete": {"files:write"},
}
# What only on-call and permissions by user group need: whoever has neither need not grant it.
OPTIONAL = {
    "usergroups_list": {"usergroups:read"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read"},
}
EVENTS = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
}
NOT_ASKED_FOR = {"users_conversations"}  # the doctor tries it, for those who granted channels:read and groups:read
WITHOUT_SCOPE = {"app_home_opened", "app_uninstalled", "tokens_revoked"}


def called() -> set[str]:
    """Every method of Slack's client that the code names."""
    folders = ("handlers/**", "bot", "bot/oncall", "bot/doctor")
    sources = [path for folder in folders for path in ROOT.glob(f"{folder}/*.py")]
    names = {
        node.attr
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    prefixes = (
        "chat_",
        "conversations_",
        "files_",
        "users_",
        "usergroups_",
        "reactions_",
        "views_",
        "auth_",
        "apps_",
    )
    return {name for name in names if name.startswith(prefixes)}


def test_the_scopes_are_those_that_are_used() -> None:
    assert called() == METHODS.keys() | OPTIONAL.keys() | NOT_ASKED_FOR
    by_methods = set().union(*METHODS.values())
    # files:read is for the download of a file, commands for the slash command and the shortcut.
    needed = by_methods | set(EVENTS.values()) | {"files:read", "commands"}
    scopes = parsed()["oauth_config"]["scopes"]["bot"]
    assert set(scopes) == needed
    assert scopes == sorted(scopes)
    optional = parsed()["oauth_config"]["scopes"]["bot_optional"]
    assert set(optional) == set().union(*OPTIONAL.values())
    assert optional == sorted(optional)


def test_the_doctor_says_what_each_scope_is_for() -> None:
    scopes = parsed()["oauth_config"]["scopes"]
    assert list(doctor.SCOPES) == scopes["bot"]
    assert list(doctor.OPTIONAL_SCOPES) == scopes["bot_optional"]


def test_installing_asks_for_the_same_scopes() -> None:
    scopes = parsed()["oauth_config"]["scopes"]
    assert list(SCOPES) == sorted([*scopes["bot"], *scopes["bot_optional"]])


def test_the_manifest_for_http_differs_only_in_how_requests_come(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--accept"):
        HTTP.write_text(for_http(), encoding="utf-8")
    assert HTTP.read_text(encoding="utf-8") == for_http(), "`pytest --accept` writes it anew"


def test_the_events_commands_and_shortcuts_are_those_that_are_listened_to() -> None:
    manifest = installed()
    assert manifest.events == {*EVENTS, *WITHOUT_SCOPE}
    assert manifest.commands == (COMMAND,)
    assert set(manifest.message_shortcuts) == {SHORTCUT}
    assert set(manifest.global_shortcuts) == {FORM}
    settings = parsed()["settings"]
    assert settings["interactivity"]["is_enabled"] is True
    assert settings["socket_mode_enabled"] is True
