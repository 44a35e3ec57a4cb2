"""A small bot on slack-bolt that uses every road of the wire: events, commands, buttons, modals, files, Home."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from handlers.blocks.form import FORM, entered, form

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-playground", "xapp-playground", "signing-secret"


def answer_blocks(said: str) -> list[dict[str, Any]]:
    """An answer that shows most of Block Kit, with what was said quoted in it (escaped by the sender)."""
    confirm = {
        "title": {"type": "plain_text", "text": "Sure?"},
        "text": {"type": "mrkdwn", "text": "This *cannot* be undone."},
        "confirm": {"type": "plain_text", "text": "Do it"},
        "deny": {"type": "plain_text", "text": "Leave it"},
    }
    button = {"type": "button", "text": {"type": "plain_text", "text": "It helped"}, "action_id": "helped"}
    danger = {"type": "button", "text": {"type": "plain_text", "text": "Restart"}, "action_id": "restart"}
    details = {"type": "button", "text": {"type": "plain_text", "text": "Details"}, "action_id": "details"}
    fields = ["*Belief*\nconfirmed :white_check_mark:", "*Who acts*\n`on-prem`"]
    quoted = f"*You said* _this_:\n&gt; {said[:200]}\n```Get-Queue | fl```"
    helped = {**button, "style": "primary", "value": "yes"}
    restart = {**danger, "style": "danger", "confirm": confirm}
    proof = "line 16 of paste 1 · <https://learn.microsoft.com|why>"
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "The certificate has no private key"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": quoted}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in fields]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": proof}]},
        {
            "type": "actions",
            "elements": [helped, restart, details],
        },
    ]


MODAL = {
    "type": "modal",
    "callback_id": "paste",
    "title": {"type": "plain_text", "text": "Diagnose"},
    "submit": {"type": "plain_text", "text": "Go"},
    "close": {"type": "plain_text", "text": "Cancel"},
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Paste the *log* here."}},
        {
            "type": "input",
            "block_id": "log",
            "label": {"type": "plain_text", "text": "Log"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "where",
            "optional": True,
            "label": {"type": "plain_text", "text": "Server"},
            "element": {
                "type": "static_select",
                "action_id": "server",
                "options": [
                    {"text": {"type": "plain_text", "text": name}, "value": name.lower()} for name in ("EX01", "EX02")
                ],
            },
        },
        {
            "type": "input",
            "block_id": "attached",
            "optional": True,
            "label": {"type": "plain_text", "text": "File"},
            "element": {"type": "file_input", "action_id": "file", "filetypes": ["log"], "max_files": 1},
        },
    ],
}


class TinyBot:
    """`seen` holds (kind, payload) of all that Bolt let through; `broken`, `final`, `slow` spoil its answers."""

    def __init__(self, api_url: str, *, token: str = BOT_TOKEN, secret: str = SECRET) -> None:
        self.client = AsyncWebClient(token=token, base_url=api_url)
        self.client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
        self.app = AsyncApp(client=self.client, signing_secret=secret)
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[web.Request] = []
        self.broken = 0
        self.final = False
        self.slow = 0.0
        self._runner: web.AppRunner | None = None
        self._socket: AsyncSocketModeHandler | None = None
        self._listen()
        self._listen_to_clicks()

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.seen]

    def payload(self, kind: str) -> dict[str, Any]:
        return next((payload for seen, payload in self.seen if seen == kind), {})

    async def serve(self) -> str:
        app = web.Application()
        app.router.add_post("/slack/events", self._handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"

    async def connect(self) -> None:
        self._socket = AsyncSocketModeHandler(self.app, APP_TOKEN, web_client=self.client, ping_interval=1)
        await self._socket.connect_async()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._socket is not None:
            await self._socket.close_async()

    async def _handle(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        if self.broken:
            self.broken -= 1
            return web.Response(status=500, headers={"X-Slack-No-Retry": "1"} if self.final else {})
        if self.slow:
            delay, self.slow = self.slow, 0.0
            await asyncio.sleep(delay)
        return await to_aiohttp_response(await self.app.async_dispatch(await to_bolt_request(request)))

    def _listen(self) -> None:
        app = self.app

        @app.event("app_mention")
        async def mention(event, body):
            self.seen.append(("app_mention", body))

        @app.event("message")
        async def message(event, body, client):
            subtype = event.get("subtype", "")
            self.seen.append((f"message/{subtype}" if subtype else "message", body))
            if subtype in ("", "file_share") and "ping" not in event.get("text", ""):
                thread = event.get("thread_ts", event["ts"])
                said = event.get("text") or await self.read(event["files"][0]["url_private_download"])
                metadata = {"event_type": "answer", "event_payload": {"case": event["ts"]}}
                say = {"text": "An answer", "blocks": answer_blocks(said), "metadata": metadata}
                await client.chat_postMessage(channel=event["channel"], thread_ts=thread, **say)

        @app.event("app_home_opened")
        async def home(event, client):
            self.seen.append(("home", event))
            blocks = [{"type": "header", "text": {"type": "plain_text", "text": "Open cases"}}]
            await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

        @app.command("/mailflow")
        async def command(ack, body, respond, client):
            self.seen.append(("command", body))
            await ack("On it")
            if body["text"] == "open":
                await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
            await respond(text=f"{body['text']}: for all", response_type="in_channel")

    def _listen_to_clicks(self) -> None:
        app = self.app

        @app.action("helped")
        async def helped(ack, body, respond):
            await ack()
            self.seen.append(("helped", body))
            await respond(text="Glad to hear it", replace_original=True)

        @app.action("restart")
        async def restart(ack, body):
            await ack()
            self.seen.append(("restart", body))

        @app.action("details")
        async def details(ack, body, client):
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

        @app.shortcut("diagnose_message")
        async def shortcut(ack, body, client):
            await ack()
            self.seen.append(("shortcut", body))
            await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

        @app.shortcut(FORM)
        async def anywhere(ack, body, client):
            await ack()
            self.seen.append(("global", body))
            await client.views_open(trigger_id=body["trigger_id"], view=form(""))

        @app.view(FORM)
        async def form_submitted(ack, body, view):
            self.seen.append(("form", body))
            problems = entered(view).problems
            await (ack(response_action="errors", errors=problems) if problems else ack())

        @app.view("paste")
        async def submit(ack, body, view):
            self.seen.append(("view", body))
            if view["state"]["values"]["log"]["text"]["value"] == "bad":
                await ack(response_action="errors", errors={"log": "That is no log."})
            else:
                await ack()

    async def read(self, url: str, token: str = BOT_TOKEN) -> str:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
            return await response.text()
