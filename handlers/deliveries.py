"""Slack's payloads → deliveries: which of them concern us, and what of them is needed.

Shapes: https://docs.slack.dev/reference/events/message and https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from diagnostics.checks.target import TargetError, target_of
from handlers.blocks import BUTTONS, check_form, verdict_form
from handlers.blocks.check_form import CHECK_FORM
from handlers.blocks.form import FORM, described, entered
from handlers.blocks.home import STOP_WATCH
from handlers.blocks.mrkdwn import escape
from handlers.message_text import all_text, whole
from handlers.ports.files import SlackFile
from handlers.ports.inbox import OURS, Delivery
from handlers.ports.slack import Identity
from handlers.ports.thread import Audience, Thread

logger = logging.getLogger(__name__)

Json = dict[str, Any]

COMMAND = "/mailflow"
SHORTCUT = "diagnose_message"
OPENS_FORM = "diagnose"
"""What stands behind the command when it asks for the form."""

_WRITTEN = frozenset({None, "file_share", "thread_broadcast", "bot_message"})


_ODD = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


def accepted(body: Json, identity: Identity, alert_bots: frozenset[str]) -> Delivery | None:
    """The delivery in a payload of any kind; None when it is not for us to answer.

    Its team is `identity`'s, which was found by the installation that the payload is for: of a channel that two workspaces
    share, payloads name the other team as well. One that is not as Slack documents it is left alone: it would be the same when
    it came again.
    """
    try:
        delivery = _accepted(body, identity, alert_bots)
        if delivery is None:
            return None
        _storable(delivery)
        return replace(delivery, text=whole(delivery.text), outside=outside(body, identity))
    except _ODD as problem:
        logger.error("a payload is not as Slack documents it", extra={"reason": type(problem).__name__})  # noqa: TRY400 - it holds text
        return None


def _storable(delivery: Delivery) -> None:
    """Raises ValueError where what Slack calls things is no text for a database. What people wrote may be anything."""
    thread, files = delivery.thread, (part for file in delivery.files for part in (file.id, file.url, file.mimetype))
    names = (
        delivery.event,
        delivery.subject,
        thread.channel,
        thread.ts,
        delivery.message_ts,
        delivery.user,
        delivery.author,
    )
    called = "".join((*names, delivery.action, delivery.response_url, *files))
    if "\0" in called:
        raise ValueError("a NUL")
    called.encode()


def outside(body: Json, identity: Identity) -> bool:
    """Whether somebody of another organisation did this, in a channel that Slack Connect shares; also where Slack doesn't say.

    Of a mention, `team` is the workspace that hears it, and `user_team` theirs. Where an organisation has several workspaces
    (Enterprise Grid), either may be the organisation. Source: https://docs.slack.dev/apis/slack-connect
    """
    if body.get("type") == "event_callback":
        message: Json = (body.get("event") or {}).get("message") or body.get("event") or {}
        origin = message.get("user_team") or message.get("team") or message.get("source_team")
        heard: Json = next(iter(body.get("authorizations") or ()), {})
        ours = {identity.team, heard.get("enterprise_id") or identity.team}
        colleague = origin == body.get("team_id") and body.get("enterprise_id") in ours
        return bool(body.get("is_ext_shared_channel")) and origin not in ours and not colleague
    if body.get("command"):
        return bool(body.get("team_id") != identity.team)
    where: Json = body.get("team") or {}
    origin = (body.get("user") or {}).get("team_id") or where.get("id")
    ours = {identity.team, (where.get("enterprise_id") if where.get("id") == identity.team else None) or identity.team}
    return origin not in ours


def _accepted(body: Json, identity: Identity, alert_bots: frozenset[str]) -> Delivery | None:
    if body.get("command") == COMMAND:
        return None if opens_form(body) else _command(body, identity)
    if body.get("type") == "block_actions":
        return _action(body, identity)
    if body.get("type") == "message_action" and body.get("callback_id") == SHORTCUT:
        return _shortcut(body, identity)
    form = (body.get("view") or {}).get("callback_id") if body.get("type") == "view_submission" else None
    if form == FORM:
        return _form(body, identity)
    if form == CHECK_FORM:
        return _check(body, identity)
    if form == verdict_form.VERDICT_FORM:
        return _verdict(body, identity)
    if body.get("type") == "event_callback":
        return _event(body, identity, alert_bots)
    return None


def opens_form(body: Json) -> bool:
    """Whether a command asks for the form. That can't wait for a job: its trigger is good for three seconds."""
    return str(body.get("text") or "").strip().lower() == OPENS_FORM


def _event(body: Json, identity: Identity, alert_bots: frozenset[str]) -> Delivery | None:
    event: Json = body.get("event") or {}
    tokens: Json = event.get("tokens") or {}
    if event.get("type") == "app_uninstalled" or (event.get("type") == "tokens_revoked" and tokens.get("bot")):
        return _removed(body, identity)
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


def _removed(body: Json, identity: Identity) -> Delivery:
    """The app was removed from the workspace, or its token was taken back: https://docs.slack.dev/reference/events/tokens_revoked"""
    event = str(body["event_id"])
    thread = Thread(identity.team, "", "removed")
    return Delivery("removed", event, f"removed {event}", thread, text=str(int(body.get("event_time") or 0)))


def _written(body: Json, event: Json, message: Json, kind: Any, identity: Identity, *, direct: bool) -> Delivery:
    """A message that was posted or edited. A mention arrives twice, and is one: the subject is the same."""
    ts, channel = str(message["ts"]), str(event["channel"])
    text, mentioned = _without_mention(_text(message), identity.user)
    edit = (message.get("edited") or {}).get("ts") or event.get("event_ts") or body.get("event_id")
    return Delivery(
        kind=kind,
        event=str(body["event_id"]),
        subject=f"message {channel} {ts}" if kind == "message" else f"edit {channel} {ts} {edit}",
        thread=Thread(identity.team, channel, str(message.get("thread_ts") or ts)),
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
    if not ts:
        return None
    channel = str(event["channel"])
    thread = Thread(identity.team, channel, str(before.get("thread_ts") or ts))
    whose = OURS if _is_us(before, identity) else ""
    return Delivery("delete", str(body["event_id"]), f"delete {channel} {ts}", thread, ts, action=whose)


def _command(body: Json, identity: Identity) -> Delivery:
    """Its thread is its own: Slack has no commands in threads."""
    trigger = str(body["trigger_id"])
    return Delivery(
        kind="command",
        event=f"command {trigger}",
        subject=f"command {trigger}",
        thread=Thread(identity.team, str(body["channel_id"]), f"command {trigger}"),
        user=str(body.get("user_id") or ""),
        text=str(body.get("text") or ""),
        direct=True,
        response_url=str(body.get("response_url") or ""),
    )


def _form(body: Json, identity: Identity) -> Delivery | None:
    """A form that was filled in. Each is submitted once, so its id tells it from others. What is typed into it isn't escaped."""
    view: Json = body["view"]
    filled = entered(view)
    if filled.problems:
        return None
    event = f"form {view['id']}"
    return Delivery(
        kind="form",
        event=event,
        subject=event,
        thread=Thread(identity.team, filled.channel, event),
        user=str((body.get("user") or {}).get("id") or ""),
        text=escape(filled.text),
        files=filled.files,
        direct=True,
    )


def _check(body: Json, identity: Identity) -> Delivery | None:
    """The form for checks: a target, which is none where it says so to who filled it in."""
    view: Json = body["view"]
    target = check_form.entered(view)
    try:
        target_of(target)
    except TargetError:
        return None
    event = f"form {view['id']}"
    thread, user = Thread(identity.team, "", event), str((body.get("user") or {}).get("id") or "")
    return Delivery("check", event, event, thread, user=user, text=escape(target), direct=True)


def _verdict(body: Json, identity: Identity) -> Delivery | None:
    """What somebody says of a card. A form can be submitted once."""
    view: Json = body["view"]
    place = verdict_form.place_of(view)
    if place is None:
        return None
    form = f"form {view.get('id')}"
    return Delivery(
        kind="verdict",
        event=form,
        subject=form,
        thread=Thread(identity.team, place.channel, place.thread_ts),
        message_ts=place.card_ts,
        user=str((body.get("user") or {}).get("id") or ""),
        text=verdict_form.entered(view),
        action=place.action,
    )


def _action(body: Json, identity: Identity) -> Delivery | None:
    container: Json = body.get("container") or {}
    pressed = [action for action in body.get("actions") or () if action.get("action_id") in BUTTONS]
    if container.get("type") == "view":
        return _at_home(body, identity)
    ts, channel = str(container.get("message_ts") or ""), str(container.get("channel_id") or "")
    if not pressed or not ts or not channel:
        return None
    trigger = str(body.get("trigger_id") or f"{ts} {pressed[0].get('action_ts')}")
    message: Json = body.get("message") or {}
    return Delivery(
        kind="action",
        event=f"action {trigger}",
        subject=f"action {trigger}",
        thread=Thread(identity.team, channel, str(container.get("thread_ts") or message.get("thread_ts") or ts)),
        message_ts=ts,
        user=str((body.get("user") or {}).get("id") or ""),
        text=str(pressed[0].get("value") or ""),
        action=str(pressed[0]["action_id"]),
        response_url=str(body.get("response_url") or ""),
    )


def _at_home(body: Json, identity: Identity) -> Delivery | None:
    """A button on the Home tab that does something elsewhere: its value is a watch's channel and target."""
    pressed = next((each for each in body.get("actions") or () if each.get("action_id") == STOP_WATCH), None)
    channel, _, target = str((pressed or {}).get("value") or "").partition(" ")
    if pressed is None or not target:
        return None
    event = f"action {body['trigger_id']}"
    thread, user = Thread(identity.team, channel, event), str((body.get("user") or {}).get("id") or "")
    return Delivery("action", event, event, thread, user=user, text=target, action=STOP_WATCH)


def _shortcut(body: Json, identity: Identity) -> Delivery | None:
    """Somebody asks for a diagnosis of a message, whoever wrote it."""
    message: Json = body.get("message") or {}
    channel = str((body.get("channel") or {}).get("id") or "")
    if not message.get("ts") or not channel or _is_us(message, identity):
        return None
    trigger = f"shortcut {body.get('trigger_id')}"
    message = {**message, "text": all_text(message)}
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
    """What the message says. People's blocks repeat their text, and their attachments are previews of links."""
    return all_text(message) if message.get("bot_id") else str(message.get("text") or "")


def _without_mention(text: str, user: str) -> tuple[str, bool]:
    """The text without the first mention of us (`<@U1>`, `<@U1|name>`), and whether there was one."""
    start = text.find(f"<@{user}")
    end = text.find(">", start)
    if start < 0 or end < 0 or text[start + len(user) + 2] not in "|>":
        return text, False
    return (text[:start].rstrip(" ") + " " + text[end + 1 :].lstrip(" ")).strip(" "), True


def _files(message: Json) -> tuple[SlackFile, ...]:
    return tuple(described(file) for file in message.get("files") or () if file.get("mode") != "tombstone")
