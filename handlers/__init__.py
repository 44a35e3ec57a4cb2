"""Slack in, Slack out. Thin: what is wrong with the mail flow is `diagnostics`' to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_bolt.app.async_app import AsyncApp

    from handlers.ports.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Adds everything that the bot listens to."""
    from handlers import listeners  # so that `handlers.intake` costs a command line no Slack libraries

    listeners.register(app, services)
