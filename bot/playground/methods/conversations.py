"""`conversations.*`: https://docs.slack.dev/reference/methods?family=conversations"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from bot.playground.errors import SlackError
from bot.playground.methods.context import Context, Method, conversation, is_true, page, required
from bot.playground.workspace import Json


def info(context: Context, args: Json) -> Json:
    return {"channel": conversation(context, args).to_slack()}


def list_all(context: Context, args: Json) -> Json:
    kinds = str(args.get("types") or "public_channel").split(",")
    wanted = [c for c in context.workspace.channels.values() if ("im" if c.is_im else "public_channel") in kinds]
    found, following = page([channel.to_slack() for channel in wanted], args)
    return {"channels": found, "response_metadata": {"next_cursor": following}}


def of_bot(context: Context, args: Json) -> Json:
    """`users.conversations`: the bot is in every channel."""
    return list_all(context, {**args, "types": "public_channel"})


def open_im(context: Context, args: Json) -> Json:
    users = str(args.get("users") or args.get("channel") or "").split(",")
    if len(users) != 1 or not users[0]:
        raise SlackError("users_list_not_supplied" if not users[0] else "too_many_users")
    if users[0] not in context.workspace.people:
        raise SlackError("user_not_found")
    if context.workspace.people[users[0]].bot_id:
        raise SlackError("cannot_dm_bot")
    channel = context.workspace.channel(users[0])
    return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}


def history(context: Context, args: Json) -> Json:
    messages = context.workspace.messages(conversation(context, args).id)
    shown = [m for m in messages if m.get("thread_ts", m["ts"]) == m["ts"] or m.get("subtype") == "thread_broadcast"]
    return _listed(list(reversed(shown)), args)


def replies(context: Context, args: Json) -> Json:
    channel = conversation(context, args).id
    thread = context.workspace.thread(channel, required(args, "ts"))
    if not thread:
        raise SlackError("thread_not_found")
    return _listed(thread, args)


def _listed(messages: list[Json], args: Json) -> Json:
    try:
        oldest = Decimal(str(args.get("oldest") or 0))
        latest = Decimal(str(args.get("latest") or "Infinity"))
    except InvalidOperation:
        raise SlackError("invalid_ts_latest") from None
    inclusive = is_true(args.get("inclusive"))
    within = [m for m in messages if _between(Decimal(m["ts"]), oldest, latest, inclusive=inclusive)]
    found, following = page(within, args)
    if not is_true(args.get("include_all_metadata")):
        found = [{key: value for key, value in message.items() if key != "metadata"} for message in found]
    answer: Json = {"messages": found, "has_more": bool(following)}
    if following:
        answer["response_metadata"] = {"next_cursor": following}
    return answer


def _between(ts: Decimal, oldest: Decimal, latest: Decimal, *, inclusive: bool) -> bool:
    return oldest <= ts <= latest if inclusive else oldest < ts < latest


METHODS: dict[str, Method] = {
    "conversations.info": info,
    "conversations.list": list_all,
    "conversations.open": open_im,
    "conversations.history": history,
    "conversations.replies": replies,
    "users.conversations": of_bot,
}
