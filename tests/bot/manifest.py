"""Reads deploy/slack-manifest.yaml, which keeps to the plainest part of YAML: mappings, lists, one-line values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.playground.manifest import Manifest

PATH = Path(__file__).parents[2] / "deploy" / "slack-manifest.yaml"
HTTP = PATH.with_name("slack-manifest-http.yaml")
_HTTP_HEAD = """\
# Create the app from this at api.slack.com/apps: "Create New App", "From a manifest", with your address for YOUR-HOST.
# It is slack-manifest.yaml with requests over HTTP, installation by OAuth, and tokens that rotate.
"""
_HTTP_LINES = {
    "    - command: /mailflow": "      url: https://YOUR-HOST/slack/events",
    "oauth_config:": "  redirect_urls:\n    - https://YOUR-HOST/slack/oauth_redirect",
    "  event_subscriptions:": "    request_url: https://YOUR-HOST/slack/events",
    "    is_enabled: true": "    request_url: https://YOUR-HOST/slack/events",
}
_HTTP_INSTEAD = {
    "  socket_mode_enabled: true": "  socket_mode_enabled: false",
    "  token_rotation_enabled: false": "  token_rotation_enabled: true",
}


def parsed() -> Any:
    lines = [
        line for line in PATH.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")
    ]
    # An entry of a list is what stands behind its dash, as a block of its own.
    value, rest = _block([(len(line) - len(line.lstrip()), line.strip()) for line in lines], 0)
    assert not rest, rest
    return value


def for_http() -> str:
    """What the manifest for HTTP and OAuth has to say, by the plain one."""
    lines: list[str] = []
    wanted = {*_HTTP_LINES, *_HTTP_INSTEAD}
    for line in PATH.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            wanted.discard(line)
            lines += [_HTTP_INSTEAD.get(line, line), *([_HTTP_LINES[line]] if line in _HTTP_LINES else [])]
    assert not wanted, wanted
    return _HTTP_HEAD + "\n".join(lines) + "\n"


def _block(lines: list[tuple[int, str]], indent: int) -> tuple[Any, list[tuple[int, str]]]:
    entries: list[Any] = []
    mapping: dict[str, Any] = {}
    while lines and lines[0][0] >= indent:
        (at, text), lines = lines[0], lines[1:]
        assert at == indent, text
        if text.startswith("- "):
            if ": " in text:
                value, lines = _block([(indent + 2, text[2:]), *lines], indent + 2)
            else:
                value = text[2:]
            entries.append(value)
            continue
        key, _, inline = text.partition(":")
        if inline.strip():
            mapping[key] = _scalar(inline.strip())
        else:
            mapping[key], lines = _block(lines, lines[0][0])
    return (entries or mapping), lines


def _scalar(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text.strip('"'))


def installed() -> Manifest:
    """The manifest as the playground takes it: nothing is delivered that it does not ask for."""
    manifest = parsed()
    return Manifest(
        name=manifest["features"]["bot_user"]["display_name"],
        commands=tuple(command["command"] for command in manifest["features"]["slash_commands"]),
        message_shortcuts=_shortcuts(manifest, "message"),
        global_shortcuts=_shortcuts(manifest, "global"),
        events=frozenset(manifest["settings"]["event_subscriptions"]["bot_events"]),
        scopes=(*manifest["oauth_config"]["scopes"]["bot"], *manifest["oauth_config"]["scopes"]["bot_optional"]),
    )


def _shortcuts(manifest: Any, kind: str) -> dict[str, str]:
    return {cut["callback_id"]: cut["name"] for cut in manifest["features"]["shortcuts"] if cut["type"] == kind}
