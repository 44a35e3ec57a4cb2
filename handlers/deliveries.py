"""Slack's payloads → deliveries: which of them concern us, and what of them is needed.

Shapes: https://docs.slack.dev/reference/events/message and https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from typing import Any

from handlers.blocks import CHECK_HOST, MORE_INCIDENTS, PAGE_ACTIONS, POST_MORTEM, RIGHT, SHOW_STEPS
from handlers.blocks.verdict_form import VERDICT_FORM, entered, place_of
from handlers.ports import Audience, Delivery, Identity, SlackFile, Thread

Json = dict[str, Any]

COMMAND = "/mailflow"
SHORTCUT = "diagnose_message"

_WRITTEN = frozenset({None, "file_share", "thread_broadcast", "bot_message"})


def accepted(body: Json, identity: Identity, alert_bots: frozenset[str]) -> Delivery | None:
    """The delivery in a payload of any kind; None when it is not for us to answer."""
    if body.get("command") == COMMAND:
        return _command(body)
    if body.get("type") == "block_actions":
        return _action(body)
    if body.get("type") == "message_action" and body.get("callback_id") == SHORTCUT:
        return _shortcut(body, identity)
    if body.get("type") == "view_submission" and (body.get("view") or {}).get("callback_id") == VERDICT_FORM:
        return _form(body)
    if body.get("type") == "event_callback":
        return _event(body, identity, alert_bots)
    return None


def _event(body: Json, identity: Identity, alert_bots: frozenset[str]) -> Delivery | None:
    event: Json = body.get("event") or {}
    if event.get("type") not in ("message", "app_mention") or not event.get("channel"):
        return None
    subtype = event.get("subtype")
    before: Json = event.get("previous_message") or {}
    if subtype == "message_deleted":
        return _deleted(body, event, before, str(event.get("deleted_ts") or ""), identity)
    if subtype == "message_changed":
        message: Json = event.get("message") or {}
        if message.get("subtype") == "tombstone":  # how a deleted message with replies looks
            return _deleted(body, event, before, str(message.get("ts") or ""), identity)
        return _changed(body, event, message, before, identity, alert_bots)
    if not _from_somebody(event, identity, alert_bots):
        return None
    direct = event["type"] == "app_mention" or event.get("channel_type") == "im"
    return _written(body, event, event, "message", identity, direct=direct)


def _written(body: Json, event: Json, message: Json, kind: Any, identity: Identity, *, direct: bool) -> Delivery:
    """A message that was posted or edited. A mention arrives twice, and is one: the subject is the same."""
    ts, channel = str(message["ts"]), str(event["channel"])
    text, mentioned = _without_mention(_text(message), identity.user)
    edit = (message.get("edited") or {}).get("ts") or event.get("event_ts") or body.get("event_id")
    return Delivery(
        kind=kind,
        event=str(body["event_id"]),
        subject=f"message {channel} {ts}" if kind == "message" else f"edit {channel} {ts} {edit}",
        thread=Thread(_team(body), channel, str(message.get("thread_ts") or ts)),
        message_ts=ts,
        user=str(message.get("user") or ""),
        text=text,
        files=_files(message),
        direct=direct or mentioned,
        audience=_audience(body, event),
    )


def _audience(body: Json, event: Json) -> Audience:
    """Who can read what is said there. Slack doesn't tell it of a mention; then as few as possible are assumed."""
    if body.get("is_ext_shared_channel"):
        return "outside"
    return "workspace" if event.get("channel_type") == "channel" else "members"


def _changed(
    body: Json, event: Json, message: Json, before: Json, identity: Identity, alert_bots: frozenset[str]
) -> Delivery | None:
    """Slack also reports what people did not do: previews of links, new replies. Only other words concern us."""
    if not message.get("ts") or not _from_somebody(message, identity, alert_bots):
        return None
    if _text(message) == _text(before) and _files(message) == _files(before):
        return None
    direct = event.get("channel_type") == "im"
    return _written(body, event, message, "edit", identity, direct=direct)


def _deleted(body: Json, event: Json, before: Json, ts: str, identity: Identity) -> Delivery | None:
    if not ts or _is_us(before, identity):
        return None
    channel = str(event["channel"])
    thread = Thread(_team(body), channel, str(before.get("thread_ts") or ts))
    return Delivery("delete", str(body["event_id"]), f"delete {channel} {ts}", thread, ts)


def _command(body: Json) -> Delivery:
    """Its thread is its own: Slack has no commands in threads."""
    trigger = str(body["trigger_id"])
    return Delivery(
        kind="command",
        event=f"command {trigger}",
        subject=f"command {trigger}",
        thread=Thread(_team(body), str(body["channel_id"]), f"command {trigger}"),
        user=str(body.get("user_id") or ""),
        text=str(body.get("text") or ""),
        direct=True,
        response_url=str(body.get("response_url") or ""),
    )


def _action(body: Json) -> Delivery | None:
    container: Json = body.get("container") or {}
    ours = (SHOW_STEPS, CHECK_HOST, MORE_INCIDENTS, POST_MORTEM, RIGHT, *PAGE_ACTIONS)
    pressed = [action for action in body.get("actions") or () if action.get("action_id") in ours]
    ts, channel = str(container.get("message_ts") or ""), str(container.get("channel_id") or "")
    if not pressed or not ts or not channel:
        return None
    trigger = str(body.get("trigger_id") or f"{ts} {pressed[0].get('action_ts')}")
    message: Json = body.get("message") or {}
    return Delivery(
        kind="action",
        event=f"action {trigger}",
        subject=f"action {trigger}",
        thread=Thread(_team(body), channel, str(container.get("thread_ts") or message.get("thread_ts") or ts)),
        message_ts=ts,
        user=str((body.get("user") or {}).get("id") or ""),
        text=str(pressed[0].get("value") or ""),
        action=str(pressed[0]["action_id"]),
        response_url=str(body.get("response_url") or ""),
    )


def _form(body: Json) -> Delivery | None:
    """What somebody says of a card. A form can be submitted once."""
    view: Json = body["view"]
    place = place_of(view)
    if place is None:
        return None
    form = f"form {view.get('id')}"
    return Delivery(
        kind="form",
        event=form,
        subject=form,
        thread=Thread(_team(body), place.channel, place.thread_ts),
        message_ts=place.card_ts,
        user=str((body.get("user") or {}).get("id") or ""),
        text=entered(view),
        action=place.action,
    )


def _shortcut(body: Json, identity: Identity) -> Delivery | None:
    """Somebody asks for a diagnosis of a message, whoever wrote it."""
    message: Json = body.get("message") or {}
    channel = str((body.get("channel") or {}).get("id") or "")
    if not message.get("ts") or not channel or _is_us(message, identity):
        return None
    trigger = f"shortcut {body.get('trigger_id')}"
    written = _written({**body, "event_id": trigger}, {"channel": channel}, message, "edit", identity, direct=True)
    return Delivery(
        kind="message",
        event=trigger,
        subject=trigger,
        thread=written.thread,
        message_ts=written.message_ts,
        user=str((body.get("user") or {}).get("id") or ""),
        text=written.text,
        files=written.files,
        direct=True,
        response_url=str(body.get("response_url") or ""),
        author=written.user,
    )


def _from_somebody(message: Json, identity: Identity, alert_bots: frozenset[str]) -> bool:
    if message.get("subtype") not in _WRITTEN or _is_us(message, identity) or not message.get("ts"):
        return False
    bot = message.get("bot_id")
    return bot in alert_bots if bot else message.get("subtype") != "bot_message"


def _is_us(message: Json, identity: Identity) -> bool:
    return message.get("user") == identity.user or message.get("bot_id") == identity.bot


def _text(message: Json) -> str:
    """What the message says. Alert bots often say it in attachments."""
    text = str(message.get("text") or "")
    if message.get("bot_id"):
        said = [str(part.get("text") or part.get("fallback") or "") for part in message.get("attachments") or ()]
        text = "\n".join([text, *said]).strip()
    return text


def _without_mention(text: str, user: str) -> tuple[str, bool]:
    """The text without the first mention of us (`<@U1>`, `<@U1|name>`), and whether there was one."""
    start = text.find(f"<@{user}")
    end = text.find(">", start)
    if start < 0 or end < 0 or text[start + len(user) + 2] not in "|>":
        return text, False
    return (text[:start].rstrip(" ") + " " + text[end + 1 :].lstrip(" ")).strip(" "), True


def _files(message: Json) -> tuple[SlackFile, ...]:
    return tuple(
        SlackFile(
            id=str(file.get("id") or ""),
            name=str(file.get("name") or file.get("title") or ""),
            url=str(file.get("url_private_download") or file.get("url_private") or ""),
            mimetype=str(file.get("mimetype") or ""),
            size=int(file.get("size") or 0),
        )
        for file in message.get("files") or ()
        if file.get("mode") != "tombstone"
    )


def _team(body: Json) -> str:
    team = body.get("team_id") or (body.get("team") or {}).get("id")
    return str(team or "")
