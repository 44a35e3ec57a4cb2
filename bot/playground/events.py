"""The payloads that Slack sends to an app, shaped as Slack shapes them. Nothing here sends anything.

Source: https://docs.slack.dev/reference/events, https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from typing import Any

from bot.playground import people
from bot.playground.workspace import Change, Json, Workspace


def envelope(workspace: Workspace, event: Json, event_id: str, now: float) -> Json:
    """The `event_callback` around an event; `now` is in Unix seconds."""
    team, where = workspace.team.id, workspace.channels.get(str(event.get("channel")))
    who = {"enterprise_id": None, "team_id": team, "user_id": people.BOT_USER, "is_bot": True}
    return {
        "token": "deprecated-verification-token",
        "team_id": team,
        "context_team_id": team,
        "api_app_id": people.APP,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(now),
        "authorizations": [{**who, "is_enterprise_install": False}],
        "is_ext_shared_channel": bool(where and where.shared),
        "event_context": f"4-{event_id}",
    }


def of_change(workspace: Workspace, change: Change) -> list[Json]:
    """The events that a change brings, in the order in which Slack sends them, before subscriptions are looked at."""
    if change.kind == "posted":
        return _posted(workspace, change)
    if change.kind == "edited":
        changed = {"message": change.message, "previous_message": change.previous}
        events = [_hidden(workspace, change, "message_changed", changed)]
        if _mentions_bot(change.message) and not _mentions_bot(change.previous):
            events.append(_mention(workspace, change.channel, change.message))
        return events
    if change.kind == "deleted":
        gone = {"deleted_ts": change.previous["ts"], "previous_message": change.previous}
        return [_hidden(workspace, change, "message_deleted", gone)]
    return []


def subscription(event: Json) -> str:
    """The name under which an app subscribes to this event."""
    if event["type"] != "message":
        return str(event["type"])
    return f"message.{ {'channel': 'channels', 'group': 'groups'}.get(event['channel_type'], event['channel_type']) }"


def channel_type(workspace: Workspace, channel: str) -> str:
    return "im" if workspace.channels[channel].is_im else "channel"


def _posted(workspace: Workspace, change: Change) -> list[Json]:
    kind = channel_type(workspace, change.channel)
    message = {
        **change.message,
        "channel": change.channel,
        "channel_type": kind,
        "event_ts": change.message["ts"],
    }
    events = [message]
    if kind != "im" and _mentions_bot(change.message):
        events.insert(0, _mention(workspace, change.channel, change.message))
    return events


def _mentions_bot(message: Json) -> bool:
    own = message.get("user") == people.BOT_USER or message.get("subtype") == "bot_message"
    return not own and f"<@{people.BOT_USER}>" in message.get("text", "")


def _mention(workspace: Workspace, channel: str, message: Json) -> Json:
    """Of a mention, `team` is the workspace that hears it; whose it is, is told beside."""
    kept = {key: value for key, value in message.items() if key != "subtype"}
    if message["team"] != workspace.team.id:
        kept.update(team=workspace.team.id, user_team=message["team"], source_team=message["team"])
    return {**kept, "type": "app_mention", "channel": channel, "event_ts": message["ts"]}


def _hidden(workspace: Workspace, change: Change, subtype: str, fields: Json) -> Json:
    ts = workspace.next_ts()
    return {
        "type": "message",
        "subtype": subtype,
        **fields,
        "channel": change.channel,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel_type(workspace, change.channel),
    }


def command(workspace: Workspace, user: str, channel: str, name: str, text: str) -> Json:
    """A slash command's form fields, before `response_url` and `trigger_id`."""
    where = workspace.channels[channel]
    return {
        "token": "deprecated-verification-token",
        "team_id": workspace.team.id,
        "team_domain": workspace.team.domain,
        "channel_id": channel,
        "channel_name": "directmessage" if where.is_im else where.name,
        "user_id": user,
        "user_name": workspace.people[user].name,
        "command": name,
        "text": text,
        "api_app_id": people.APP,
        "is_enterprise_install": "false",
    }


def interaction(workspace: Workspace, kind: str, user: str) -> Json:
    """What every interactivity payload has, before `response_url` and `trigger_id`. A form comes from one's own workspace."""
    name, home = workspace.people[user].name, workspace.home(user)
    team = home if kind == "view_submission" else workspace.team
    return {
        "type": kind,
        "user": {"id": user, "username": name, "name": name, "team_id": home.id},
        "api_app_id": people.APP,
        "token": "deprecated-verification-token",
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_container(workspace: Workspace, channel: str, message: Json) -> Json:
    """Where a message's button stands: the `container`, `channel` and `message` of its payload."""
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel,
        "is_ephemeral": bool(message.get("is_ephemeral")),
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    where = workspace.channels[channel]
    placed: Json = {"container": container, "channel": {"id": channel, "name": where.name or "directmessage"}}
    if not message.get("is_ephemeral"):  # Slack leaves the text of an ephemeral message out
        placed["message"] = message
    return placed


def action(block_id: str, element: Json, ts: str, chosen: Any = None) -> Json:
    """One entry of `actions`: the element that was used, and what was chosen in it."""
    used: Json = {
        "action_id": element["action_id"],
        "block_id": block_id,
        "type": element["type"],
        "action_ts": ts,
    }
    if element["type"] == "button":
        used.update({key: element[key] for key in ("text", "value", "style") if key in element})
    else:
        used.update(answer(element, chosen))
    return used


def answer(element: Json, chosen: Any) -> Json:
    """What a person entered in an element, as `state.values` holds it; a menu is answered by option values."""
    kind = element["type"]
    if kind in ("checkboxes", "multi_static_select"):
        values = chosen or []
        return {"selected_options": [option for option in _options(element) if option["value"] in values]}
    if kind in ("static_select", "overflow", "radio_buttons"):
        found = [option for option in _options(element) if option["value"] == chosen]
        return {"selected_option": found[0] if found else None}
    if kind in ("users_select", "conversations_select", "channels_select"):
        return {f"selected_{kind.partition('s_select')[0]}": chosen}
    if kind in ("datepicker", "timepicker"):
        return {f"selected_{kind.removesuffix('picker')}": chosen}
    return {"files": chosen or []} if kind == "file_input" else {"value": chosen}


def initial(element: Json) -> Any:
    """What an element holds before anybody touches it, as people enter it."""
    if option := element.get("initial_option"):
        return option["value"]
    if options := element.get("initial_options"):
        return [option["value"] for option in options]
    names = ("value", "conversation", "channel", "user", "date", "time")
    return next((element[f"initial_{name}"] for name in names if f"initial_{name}" in element), None)


def _options(element: Json) -> list[Json]:
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *(option for group in groups for option in group["options"])]
