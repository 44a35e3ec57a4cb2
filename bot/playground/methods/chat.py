"""`chat.*` and `reactions.*`: https://docs.slack.dev/reference/methods?family=chat"""

from __future__ import annotations

from bot.playground import limits, people
from bot.playground.errors import SlackError
from bot.playground.messages import message_fields
from bot.playground.methods.context import Context, Method, is_true, required
from bot.playground.workspace import Json

AUTHOR = {"user": people.BOT_USER, "bot_id": people.BOT, "app_id": people.APP}


def post_message(context: Context, args: Json) -> Json:
    space = context.workspace
    channel = space.channel(required(args, "channel")).id
    thread_ts = str(args.get("thread_ts") or "")
    fields: Json = {**AUTHOR, **message_fields(args)}
    profile = {"id": people.BOT, "app_id": people.APP, "name": space.manifest.name, "team_id": space.team.id}
    fields["bot_profile"] = {**profile, "deleted": False}
    if thread_ts and is_true(args.get("reply_broadcast")):
        fields.update(subtype="thread_broadcast", root=dict(space.message(channel, thread_ts)))
    message = space.post(channel, fields, thread_ts)
    return {"channel": channel, "ts": message["ts"], "message": message}


def update(context: Context, args: Json) -> Json:
    space = context.workspace
    channel = space.channel(required(args, "channel")).id
    ts = required(args, "ts")
    if space.message(channel, ts).get("bot_id") != people.BOT:
        raise SlackError("cant_update_message")
    fields = message_fields(args, text_bytes=limits.UPDATE_TEXT_BYTES)
    message = space.edit(channel, ts, fields, people.BOT_USER)
    return {"channel": channel, "ts": ts, "text": message["text"], "message": message}


def delete(context: Context, args: Json) -> Json:
    channel = context.workspace.channel(required(args, "channel")).id
    ts = required(args, "ts")
    if context.workspace.message(channel, ts).get("bot_id") != people.BOT:
        raise SlackError("cant_delete_message")
    context.workspace.delete(channel, ts)
    return {"channel": channel, "ts": ts}


def post_ephemeral(context: Context, args: Json) -> Json:
    channel = context.workspace.channel(required(args, "channel"))
    user = context.workspace.people.get(required(args, "user"))
    if user is None or (channel.is_im and channel.user != user.id):
        raise SlackError("user_not_in_channel")
    fields = {**AUTHOR, **message_fields(args)}
    message = context.workspace.whisper(channel.id, user.id, fields, str(args.get("thread_ts") or ""))
    return {"message_ts": message["ts"]}


def get_permalink(context: Context, args: Json) -> Json:
    channel = context.workspace.channel(required(args, "channel")).id
    message = context.workspace.message(channel, required(args, "message_ts"))
    link = f"{context.base_url()}/archives/{channel}/p{message['ts'].replace('.', '')}"
    if message.get("thread_ts", message["ts"]) != message["ts"]:
        link += f"?thread_ts={message['thread_ts']}&cid={channel}"
    return {"channel": channel, "permalink": link}


def add_reaction(context: Context, args: Json) -> Json:
    react(context, args, people.BOT_USER, add=True)
    return {}


def remove_reaction(context: Context, args: Json) -> Json:
    react(context, args, people.BOT_USER, add=False)
    return {}


def react(context: Context, args: Json, user: str, *, add: bool) -> None:
    """Add or take back one person's reaction to the message `timestamp` of `channel`."""
    channel = context.workspace.channel(required(args, "channel")).id
    message = context.workspace.message(channel, required(args, "timestamp"))
    name = required(args, "name").strip(":")
    reactions: list[Json] = message.setdefault("reactions", [])
    found = next((reaction for reaction in reactions if reaction["name"] == name), None)
    if add == bool(found and user in found["users"]):
        raise SlackError("already_reacted" if add else "no_reaction")
    if found is None:
        found = {"name": name, "users": [], "count": 0}
        reactions.append(found)
    if add:
        found["users"].append(user)
    else:
        found["users"].remove(user)
    found["count"] = len(found["users"])
    message["reactions"] = [reaction for reaction in reactions if reaction["count"]]
    context.workspace.touch(channel, message)


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.getPermalink": get_permalink,
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
}
