"""A local Slack workspace: Slack's HTTP wire and a page shaped like Slack, for trying and testing the bot."""

from bot.playground.manifest import Manifest
from bot.playground.server import Playground
from bot.playground.timings import Timings

__all__ = ["Manifest", "Playground", "Timings"]
