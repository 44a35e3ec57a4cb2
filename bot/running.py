"""Starting the bot from the command line: settings read, the address announced, problems told in a sentence."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Coroutine
from typing import Any, Final

import click

from bot import app
from bot.database import StartError
from bot.settings import Settings, SettingsError, load

_USUAL_PORT: Final = 8765
_FAILED: Final = 2


def serve_slack(port: int | None) -> int:
    """Run on Slack until stopped; the exit code."""
    settings = _settings()
    if settings is None:
        return _FAILED
    if not settings.on_slack:
        return _problem(
            "no Slack token is set. Set SLACK_BOT_TOKEN and SLACK_APP_TOKEN (docs/slack.md), "
            "or try it with: mailflow playground"
        )
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    return _until_stopped(app.serve(settings, announce=_announce))


def serve_playground(port: int, *, open_browser: bool) -> int:
    """Run the playground until stopped; the exit code."""
    settings = _settings()
    if settings is None:
        return _FAILED

    def announce(url: str) -> None:
        _announce(url)
        click.echo("That is the playground, a local workspace: paste an error into #exchange. Ctrl-C stops it.")
        if open_browser and _has_screen():
            webbrowser.open(url)

    return _until_stopped(app.playground(settings, port, announce=announce))


def serve_either() -> int:
    """On Slack when a token is set, else the playground."""
    settings = _settings()
    if settings is None:
        return _FAILED
    return serve_slack(None) if settings.on_slack else serve_playground(_USUAL_PORT, open_browser=True)


def _settings() -> Settings | None:
    try:
        return load()
    except SettingsError as problem:
        for sentence in problem.sentences:
            _problem(sentence)
        return None


def _until_stopped(work: Coroutine[Any, Any, None]) -> int:
    try:
        asyncio.run(work)
    except (SettingsError, StartError) as problem:
        return _problem(str(problem))
    except OSError as problem:
        return _problem(
            f"cannot start: {problem.strerror or problem}. Is it running already? Choose another port with --port 0."
        )
    except KeyboardInterrupt:
        pass
    return 0


def _announce(url: str) -> None:
    click.echo(url)
    sys.stdout.flush()


def _problem(sentence: str) -> int:
    click.echo(f"mailflow: {sentence}", err=True)
    return _FAILED


def _has_screen() -> bool:
    """A browser is opened for a person at a desktop, not in a container or over SSH."""
    if sys.platform in ("darwin", "win32"):
        return True
    return sys.stdout.isatty() and bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
