"""`response_url` and `trigger_id`: what a command or a click hands to the bot so that it may answer.

Source: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.playground import people
from bot.playground.composing import escape
from bot.playground.errors import SlackError
from bot.playground.messages import message_fields
from bot.playground.timings import Timings
from bot.playground.workspace import Json, Workspace

MOST_USES = 5


@dataclass(slots=True)
class Origin:
    """Where a command or click came from. `message_ts` is the message that holds the button, if any."""

    user: str
    channel: str
    born: float
    message_ts: str = ""
    thread_ts: str = ""
    ephemeral: bool = False
    uses: int = 0


class Responses:
    """Issues the two, and honours them: 5 answers in 30 minutes for the one, one modal in 3 seconds for the other."""

    def __init__(self, workspace: Workspace, timings: Timings, base_url: Callable[[], str]) -> None:
        self._workspace = workspace
        self._timings = timings
        self._base_url = base_url
        self._origins: dict[str, Origin] = {}
        self.refuses_blocks = False
        """Whether the workspace has none of the newer blocks yet."""
        self._triggers: dict[str, tuple[str, float]] = {}

    def trigger(self, user: str) -> str:
        trigger = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[trigger] = (user, self._workspace.clock())
        return trigger

    def redeem(self, trigger: str) -> str:
        """The person who may be shown a modal; each trigger serves once."""
        if not trigger:
            raise SlackError("invalid_arguments", ("[ERROR] missing required field: trigger_id",))
        user, born = self._triggers.pop(trigger, ("", 0.0))
        if not user:
            raise SlackError("invalid_trigger_id")
        if self._workspace.clock() - born > self._timings.trigger:
            raise SlackError("expired_trigger_id")
        return user

    def response_url(self, user: str, channel: str, message: Json | None = None) -> str:
        key = secrets.token_urlsafe(24)
        origin = Origin(user, channel, self._workspace.clock())
        if message is not None:
            origin.message_ts = message["ts"]
            origin.thread_ts = message.get("thread_ts", "")
            origin.ephemeral = bool(message.get("is_ephemeral"))
        self._origins[key] = origin
        return f"{self._base_url()}/actions/{self._workspace.team.id}/{key}"

    async def handle(self, request: web.Request) -> web.Response:
        """The endpoint behind a `response_url`."""
        origin = self._origins.get(request.match_info["key"])
        if origin is None or self._workspace.clock() - origin.born > self._timings.response_url:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if origin.uses >= MOST_USES:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        try:
            self.respond(origin, _object(await request.text()))
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        except SlackError as refusal:
            return web.json_response({"ok": False, "error": refusal.code}, status=400)
        origin.uses += 1
        return web.Response(text="ok")

    def respond(self, origin: Origin, body: Json) -> None:
        """Do what an answer asks: delete or replace the message that was used, or say something new."""
        space = self._workspace
        if body.get("delete_original") and origin.message_ts:
            if origin.ephemeral:
                space.unwhisper(origin.user, origin.message_ts)
            else:
                space.delete(origin.channel, origin.message_ts)
            return
        if self.refuses_blocks and body.get("blocks"):
            raise SlackError("invalid_blocks")
        fields = message_fields(body)
        if body.get("replace_original") and origin.message_ts:
            fields = {"blocks": [], "metadata": {}, **fields}
            if origin.ephemeral:
                space.rewhisper(origin.user, origin.message_ts, fields)
            else:
                space.edit(origin.channel, origin.message_ts, fields, people.BOT_USER)
            return
        author = {"user": people.BOT_USER, "bot_id": people.BOT, "app_id": people.APP}
        thread_ts = str(body.get("thread_ts") or origin.thread_ts)
        if body.get("response_type") == "in_channel":
            space.post(origin.channel, {**author, **fields}, thread_ts)
        else:
            space.whisper(origin.channel, origin.user, {**author, **fields}, thread_ts)

    def acknowledged(self, user: str, channel: str, answer: Any) -> None:
        """Show what a command's acknowledgement says: text, or a message as JSON. An empty one says nothing."""
        body = {"text": answer} if isinstance(answer, str) else answer
        if isinstance(body, dict) and (body.get("text") or body.get("blocks")):
            self.respond(Origin(user, channel, self._workspace.clock()), body)

    def slackbot(self, user: str, channel: str, text: str) -> None:
        """Slackbot's own word to one person, plain text."""
        said = {"user": people.SLACKBOT, "username": "Slackbot", "text": escape(text)}
        self._workspace.whisper(channel, user, said)


def _object(text: str) -> Json:
    body = json.loads(text)
    if not isinstance(body, dict):
        raise SlackError("invalid_payload")
    return body
