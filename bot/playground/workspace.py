"""The state of the workspace, in memory: messages, threads, files, ephemeral messages and views.

Whatever happens here is announced once, as a `Change`; the Events API and the page both live on those.
"""

from __future__ import annotations

import asyncio
import copy
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.playground import people
from bot.playground.errors import SlackError
from bot.playground.files import StoredFile
from bot.playground.manifest import Manifest
from bot.playground.people import Channel, Person, Team

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened.

    `kind`: "posted", "edited", "deleted", "touched" (reactions and reply counts: no event), "ephemeral",
    "ephemeral_deleted", "modals" or "home". `message` and `previous` are copies.
    """

    kind: str
    channel: str = ""
    message: Json = field(default_factory=dict)
    previous: Json = field(default_factory=dict)
    user: str = ""


class Workspace:
    """All of it. Messages are plain dicts of Slack's own shape, kept by channel and `ts`."""

    def __init__(self, clock: Callable[[], float], manifest: Manifest, team: Team = people.CONTOSO) -> None:
        self.clock = clock
        self.manifest = manifest
        self.team = team
        self.people: dict[str, Person] = {person.id: person for person in people.PEOPLE}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in people.CHANNELS}
        self.groups = people.USER_GROUPS
        self.files: dict[str, StoredFile] = {}
        self.modals: dict[str, list[Json]] = {}
        self.homes: dict[str, Json] = {}
        self.ephemerals: dict[str, list[Json]] = {}
        self._messages: dict[str, dict[str, Json]] = {channel: {} for channel in self.channels}
        self._listeners: list[Callable[[Change], None]] = []
        self._last_ts = 0
        self._stirred = asyncio.Event()

    # -- telling others -------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        self._listeners.append(listener)

    def announce(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)
        self.stir()

    def stir(self) -> None:
        """Wake whoever waits for something to happen."""
        self._stirred.set()
        self._stirred = asyncio.Event()

    async def stirred(self) -> None:
        await self._stirred.wait()

    # -- names ----------------------------------------------------------------------------------------

    def next_ts(self) -> str:
        """A message timestamp: unique, increasing, seconds and microseconds as in "1700000000.000100"."""
        self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 100)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    @staticmethod
    def new_id(prefix: str) -> str:
        return prefix + secrets.token_hex(5).upper()[: 11 - len(prefix)]

    def person(self, name: str) -> Person:
        """A member by id, handle or real name."""
        for person in self.people.values():
            if name in (person.id, person.name, person.real_name):
                return person
        raise SlackError("user_not_found")

    def home(self, user: str) -> Team:
        """The workspace that somebody is a member of."""
        person = self.people.get(user)
        return (person.partner if person else None) or self.team

    def channel(self, name: str) -> Channel:
        """A conversation by id or by "#name"; a person's id names their direct messages with the bot."""
        for channel in self.channels.values():
            if name in (channel.id, channel.user) or (channel.name and name.lstrip("#") == channel.name):
                return channel
        raise SlackError("channel_not_found")

    def open_channel(self, name: str, *, user: str = "") -> Channel:
        """A new public channel, or, for a `user`, their direct messages with the bot."""
        channel = Channel(self.new_id("D0" if user else "C0"), name, user)
        self.channels[channel.id] = channel
        self._messages[channel.id] = {}
        return channel

    def place(self, name: str) -> Channel:
        """A conversation as people name it: also a person's name or handle, for their direct messages with the bot."""
        try:
            return self.channel(name)
        except SlackError:
            return self.channel(next((p.id for p in self.people.values() if name in (p.name, p.real_name)), name))

    # -- messages -------------------------------------------------------------------------------------

    def messages(self, channel: str) -> list[Json]:
        """Every message of a channel, replies too, oldest first."""
        return list(self._messages[channel].values())

    def message(self, channel: str, ts: str) -> Json:
        found = self._messages.get(channel, {}).get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The parent, then its replies, oldest first; empty when there is no such message."""
        return [m for m in self._messages[channel].values() if ts in (m["ts"], m.get("thread_ts"))]

    def post(self, channel: str, fields: Json, thread_ts: str = "") -> Json:
        """Add a message. A reply to a reply joins its parent's thread, as in Slack."""
        ts = self.next_ts()
        message: Json = {"type": "message", "ts": ts, "team": self.home(str(fields.get("user"))).id, **fields}
        parent = self._messages[channel].get(thread_ts)
        if parent is not None:
            parent = self._messages[channel].get(str(parent.get("thread_ts", thread_ts)), parent)
            message["thread_ts"] = parent["ts"]
            message["parent_user_id"] = parent.get("user", "")
        elif thread_ts:
            raise SlackError("cannot_reply_to_message")
        self._messages[channel][ts] = message
        self.announce(Change("posted", channel, copy.deepcopy(message)))
        if parent is not None:
            self._recount(channel, parent)
        return message

    def edit(self, channel: str, ts: str, fields: Json, editor: str) -> Json:
        message = self.message(channel, ts)
        previous = copy.deepcopy(message)
        message.update(fields)
        message["edited"] = {"user": editor, "ts": self.next_ts()}
        self.announce(Change("edited", channel, copy.deepcopy(message), previous))
        return message

    def delete(self, channel: str, ts: str) -> None:
        """Remove a message. A parent with replies stays as a tombstone, which Slack reports as an edit."""
        message = self.message(channel, ts)
        previous = copy.deepcopy(message)
        if message.get("reply_count"):
            kept = {key: message[key] for key in ("type", "ts", "team", "thread_ts", "reply_count", "reply_users")}
            tomb = {
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "user": people.SLACKBOT,
                "hidden": True,
            }
            self._messages[channel][ts] = {**kept, "latest_reply": message["latest_reply"], **tomb}
            self.announce(Change("edited", channel, copy.deepcopy(self._messages[channel][ts]), previous))
            return
        del self._messages[channel][ts]
        self.announce(Change("deleted", channel, previous=previous))
        parent = self._messages[channel].get(previous.get("thread_ts", ""))
        if parent is not None:
            self._recount(channel, parent)

    def touch(self, channel: str, message: Json) -> None:
        self.announce(Change("touched", channel, copy.deepcopy(message)))

    def _recount(self, channel: str, parent: Json) -> None:
        replies = [m for m in self.thread(channel, parent["ts"]) if m["ts"] != parent["ts"]]
        for key in ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"):
            parent.pop(key, None)
        if replies:
            users = list(dict.fromkeys(m.get("user", m.get("bot_id", "")) for m in replies))
            parent.update(
                thread_ts=parent["ts"],
                reply_count=len(replies),
                reply_users=users,
                reply_users_count=len(users),
                latest_reply=replies[-1]["ts"],
            )
        self.touch(channel, parent)

    # -- what only one person sees --------------------------------------------------------------------

    def whisper(self, channel: str, user: str, fields: Json, thread_ts: str = "") -> Json:
        """An ephemeral message ("Only visible to you")."""
        message = {
            "type": "message",
            "ts": self.next_ts(),
            "channel": channel,
            "is_ephemeral": True,
            **fields,
        }
        if thread_ts:
            message["thread_ts"] = thread_ts
        self.ephemerals.setdefault(user, []).append(message)
        self.announce(Change("ephemeral", channel, copy.deepcopy(message), user=user))
        return message

    def rewhisper(self, user: str, ts: str, fields: Json) -> None:
        for message in self.ephemerals.get(user, []):
            if message["ts"] == ts:
                message.update(fields)
                self.announce(Change("ephemeral", message["channel"], copy.deepcopy(message), user=user))

    def unwhisper(self, user: str, ts: str) -> None:
        kept = [m for m in self.ephemerals.get(user, []) if m["ts"] != ts]
        self.ephemerals[user] = kept
        self.announce(Change("ephemeral_deleted", message={"ts": ts}, user=user))
