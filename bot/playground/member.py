"""What a person does in the Slack client. The page's buttons and the tests both come through here."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from bot.playground import events, limits, people, views
from bot.playground.block_kit import interactive
from bot.playground.composing import Composer
from bot.playground.delivery import COMMANDS, INTERACTIVE, Courier, Delivery
from bot.playground.errors import SlackError
from bot.playground.files import StoredFile
from bot.playground.responses import Responses
from bot.playground.workspace import Json, Workspace

Upload = tuple[str, bytes]


class Members:
    """Every action names the person who acts, and raises SlackError where the client would refuse."""

    def __init__(
        self, workspace: Workspace, courier: Courier, responses: Responses, base_url: Callable[[], str]
    ) -> None:
        self._space = workspace
        self._courier = courier
        self._responses = responses
        self._base_url = base_url
        self._composer = Composer(list(workspace.people.values()), list(workspace.channels.values()), workspace.groups)

    def post(self, user: str, channel: str, text: str, thread_ts: str = "", files: Sequence[Upload] = ()) -> str:
        """Say something. A text over 12,000 characters becomes a snippet, as the client makes it. Returns the ts."""
        where = self._space.place(channel).id
        stored = [self.upload(user, name, content) for name, content in files]
        return self.post_stored(user, where, text, thread_ts, stored)

    def upload(self, user: str, name: str, content: bytes) -> StoredFile:
        who = self._space.person(user).id
        stored = StoredFile(
            self._space.new_id("F"), name, who, self._base_url(), int(self._space.clock()), self._space.team.id
        )
        stored.content = content
        self._space.files[stored.id] = stored
        return stored

    def post_stored(self, user: str, channel: str, text: str, thread_ts: str, files: list[StoredFile]) -> str:
        """Say something with files that are uploaded already."""
        if len(text) > limits.COMPOSER_TEXT:
            snippet = self.upload(user, "Untitled.txt", text.encode())
            snippet.mode = "snippet"
            files, text = [*files, snippet], ""
        author, where = self._space.person(user), self._space.channels[channel]
        if (where.is_im and where.user != author.id) or (author.partner and not where.shared):
            raise SlackError("channel_not_found")
        written, blocks = self._composer.compose(text)
        if not written and not files:
            raise SlackError("no_text")
        fields: Json = {"user": author.id, "text": written}
        if author.bot_id:  # an integration of the old kind: a bot message, which has no user and no rich text
            fields = {
                "subtype": "bot_message",
                "bot_id": author.bot_id,
                "username": author.real_name,
                "text": written,
            }
        else:
            fields["client_msg_id"] = f"{self._space.new_id('c')}-{self._space.new_id('c')}".lower()
            if blocks:
                fields["blocks"] = [{**block, "block_id": self._space.new_id("b")} for block in blocks]
        if files:
            for file in files:
                file.shared_in.append(channel)
            shared = {"files": [file.to_slack() for file in files], "upload": False, "display_as_bot": False}
            fields.update(subtype="file_share", **shared)
        return str(self._space.post(channel, fields, thread_ts)["ts"])

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        where, message = self._own(user, channel, ts, "cant_update_message")
        written, blocks = self._composer.compose(text)
        if not written and not message.get("files"):
            raise SlackError("no_text")
        blocks = [{**block, "block_id": self._space.new_id("b")} for block in blocks]
        self._space.edit(where, ts, {"text": written, "blocks": blocks}, message["user"])

    def delete(self, user: str, channel: str, ts: str) -> None:
        where, _ = self._own(user, channel, ts, "cant_delete_message")
        self._space.delete(where, ts)

    async def command(self, user: str, channel: str, name: str, text: str) -> Delivery:
        """Run a slash command; what its acknowledgement says is shown to that person."""
        who, where = self._space.person(user).id, self._space.place(channel).id
        if name not in self._space.manifest.commands or self._space.person(who).partner:
            self._responses.slackbot(who, where, f"{name} is not a valid command.")
            raise SlackError("unknown_command")
        payload = events.command(self._space, who, where, name, text)
        payload["response_url"] = self._responses.response_url(who, where)
        payload["trigger_id"] = self._responses.trigger(who)
        done = await self._courier.request(COMMANDS, payload)
        if done.acknowledged:
            self._responses.acknowledged(who, where, done.answer)
        else:
            why = "operation_timeout" if done.error == "http_timeout" else "dispatch_failed"
            self._responses.slackbot(who, where, f'{name} failed with the error "{why}"')
        return done

    async def click(self, user: str, message_ts: str, action_id: str, chosen: Any = None) -> Delivery:
        """Use a button or menu of a message; `chosen` is the option's value (a list of them where many go)."""
        who = self._space.person(user).id
        channel, message = self._find(who, message_ts)
        block_id, element = _element(message.get("blocks", []), action_id)
        payload = events.interaction(self._space, "block_actions", who)
        payload.update(events.message_container(self._space, channel, message))
        payload["response_url"] = self._responses.response_url(who, channel, message)
        payload["state"] = {"values": {}}
        return await self._act(who, payload, block_id, element, chosen)

    async def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        chosen: Any = None,
        values: dict[str, Any] | None = None,
    ) -> Delivery:
        """Use a button or menu of a modal or of the Home tab; `values` is what stands in its inputs by then."""
        who = self._space.person(user).id
        _, view = views.find_view(self._space, view_id)
        view["state"] = {"values": self._entered(view, values or {})}
        block_id, element = _element(view["blocks"], action_id)
        payload = events.interaction(self._space, "block_actions", who)
        payload["container"] = {"type": "view", "view_id": view_id}
        payload["view"] = view
        return await self._act(who, payload, block_id, element, chosen)

    async def shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Delivery:
        """Use a message shortcut ("More actions" on a message)."""
        who, where = self._space.person(user).id, self._space.place(channel).id
        if callback_id not in self._space.manifest.message_shortcuts or self._space.person(who).partner:
            raise SlackError("unknown_shortcut")
        message = self._space.message(where, ts)
        payload = events.interaction(self._space, "message_action", who)
        placed = events.message_container(self._space, where, message)
        payload.update(channel=placed["channel"], message=message, message_ts=ts, callback_id=callback_id)
        payload["action_ts"] = self._space.next_ts()
        payload["response_url"] = self._responses.response_url(who, where, message)
        payload["trigger_id"] = self._responses.trigger(who)
        return await self._courier.request(INTERACTIVE, payload)

    async def global_shortcut(self, user: str, callback_id: str) -> Delivery:
        """Use a global shortcut (the lightning, or the search). Slack does not tell the app where that was."""
        who = self._space.person(user).id
        if callback_id not in self._space.manifest.global_shortcuts or self._space.person(who).partner:
            raise SlackError("unknown_shortcut")
        payload = events.interaction(self._space, "shortcut", who)
        payload.update(callback_id=callback_id, action_ts=self._space.next_ts())
        payload["trigger_id"] = self._responses.trigger(who)
        return await self._courier.request(INTERACTIVE, payload)

    async def submit_view(self, user: str, values: dict[str, Any], view_id: str = "") -> Delivery:
        """Submit a modal (by default the topmost one) with answers by `action_id`; what isn't answered is as it was opened.

        An answer is text, an option's value, a list of them, or for a file input a list of file ids. A modal whose
        acknowledgement has errors stays open, with the errors under `view["errors"]`.
        """
        who = self._space.person(user).id
        stack = self._space.modals.get(who, [])
        view = next((v for v in reversed(stack) if view_id in ("", v["id"])), None)
        if view is None:
            raise SlackError("not_found")
        view.pop("errors", None)
        view["state"] = {"values": self._entered(view, values)}
        payload = events.interaction(self._space, "view_submission", who)
        payload.update(view=copy.deepcopy(view), response_urls=[], trigger_id=self._responses.trigger(who))
        done = await self._courier.request(INTERACTIVE, payload)
        if done.acknowledged:
            views.submitted(self._space, who, view, done.answer)
        else:
            views.show_errors(self._space, who, view, {"": "We had some trouble connecting. Try again?"})
        return done

    async def close_view(self, user: str) -> None:
        """Close the topmost modal; the bot hears of it when the view asked for that."""
        who = self._space.person(user).id
        stack = self._space.modals.get(who, [])
        view = stack[-1] if stack else None
        views.close_modal(self._space, who, everything=False)
        if view and view["notify_on_close"]:
            payload = events.interaction(self._space, "view_closed", who)
            await self._courier.request(INTERACTIVE, {**payload, "view": view, "is_cleared": False})

    def open_home(self, user: str, tab: str = "home") -> None:
        """Open the bot's Home or Messages tab."""
        who = self._space.person(user).id
        event: Json = {"type": "app_home_opened", "user": who, "tab": tab, "event_ts": self._space.next_ts()}
        event["channel"] = self._space.channel(who).id
        if tab == "home" and who in self._space.homes:
            event["view"] = self._space.homes[who]
        self._courier.event(event)

    async def _act(self, who: str, payload: Json, block_id: str, element: Json, chosen: Any) -> Delivery:
        payload["trigger_id"] = self._responses.trigger(who)
        payload["actions"] = [events.action(block_id, element, self._space.next_ts(), chosen)]
        return await self._courier.request(INTERACTIVE, payload)

    def _own(self, user: str, channel: str, ts: str, refusal: str) -> tuple[str, Json]:
        where = self._space.place(channel).id
        message = self._space.message(where, ts)
        if message.get("user") != self._space.person(user).id or message["user"] == people.BOT_USER:
            raise SlackError(refusal)
        return where, message

    def _find(self, who: str, ts: str) -> tuple[str, Json]:
        for channel in self._space.channels:
            for message in self._space.messages(channel):
                if message["ts"] == ts:
                    return channel, message
        for message in self._space.ephemerals.get(who, []):
            if message["ts"] == ts:
                return str(message["channel"]), message
        raise SlackError("message_not_found")

    def _entered(self, view: Json, values: dict[str, Any]) -> Json:
        state: Json = {}
        for block in view["blocks"]:
            for element in interactive(block):
                if element["type"] in ("button", "overflow"):
                    continue
                chosen = values.get(element["action_id"], events.initial(element))
                if element["type"] == "file_input":
                    chosen = [self._space.files[name].to_slack() for name in chosen or ()]
                entry = {"type": element["type"], **events.answer(element, chosen)}
                state.setdefault(block["block_id"], {})[element["action_id"]] = entry
        return state


def _element(blocks: list[Json], action_id: str) -> tuple[str, Json]:
    for block in blocks:
        for element in interactive(block):
            if element["action_id"] == action_id:
                return block["block_id"], element
    raise SlackError("action_not_found")
