"""What the methods work on, and how they read their arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.playground.errors import SlackError
from bot.playground.people import Channel
from bot.playground.responses import Responses
from bot.playground.sockets import Sockets
from bot.playground.workspace import Json, Workspace


@dataclass(frozen=True, slots=True)
class Context:
    """The workspace and what belongs to the wire; `base_url()` is where the workspace listens."""

    workspace: Workspace
    responses: Responses
    sockets: Sockets
    base_url: Callable[[], str]


Method = Callable[[Context, Json], Json]


def required(args: Json, name: str) -> str:
    value = str(args.get(name) or "")
    if not value:
        raise SlackError("invalid_arguments", (f"[ERROR] missing required field: {name}",))
    return value


def conversation(context: Context, args: Json) -> Channel:
    """The conversation by its id alone, as `conversations.*` want it."""
    channel = context.workspace.channels.get(str(args.get("channel") or ""))
    if channel is None:
        raise SlackError("channel_not_found")
    return channel


def is_true(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")


def page(items: list[Json], args: Json, default: int = 100) -> tuple[list[Json], str]:
    """One page of `items` by `limit` and `cursor`, and the next page's cursor ("" on the last)."""
    try:
        limit = min(max(int(args.get("limit") or default), 1), 1000)
        start = int(args.get("cursor") or 0)
    except ValueError:
        raise SlackError("invalid_cursor") from None
    following = str(start + limit) if start + limit < len(items) else ""
    return items[start : start + limit], following
