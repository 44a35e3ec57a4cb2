"""Who is who, and who is asking: `auth`, `users`, `usergroups`, `bots`, `team`, `api` and `apps.connections`."""

from __future__ import annotations

from bot.playground import people
from bot.playground.errors import SlackError
from bot.playground.methods.context import Context, Method, page, required
from bot.playground.workspace import Json


def auth_test(context: Context, _args: Json) -> Json:
    return {
        "url": f"{context.base_url()}/",
        "team": context.workspace.team.name,
        "user": context.workspace.people[people.BOT_USER].name,
        "team_id": context.workspace.team.id,
        "user_id": people.BOT_USER,
        "bot_id": people.BOT,
        "is_enterprise_install": False,
    }


def api_test(_context: Context, args: Json) -> Json:
    if args.get("error"):
        raise SlackError(str(args["error"]))
    return {"args": args}


def user_info(context: Context, args: Json) -> Json:
    user = context.workspace.people.get(required(args, "user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user.to_slack(context.workspace.team)}


def user_list(context: Context, args: Json) -> Json:
    found, following = page(
        [person.to_slack(context.workspace.team) for person in context.workspace.people.values()], args
    )
    return {"members": found, "response_metadata": {"next_cursor": following}}


def group_list(context: Context, _args: Json) -> Json:
    return {"usergroups": [group.to_slack() for group in context.workspace.groups]}


def group_users(context: Context, args: Json) -> Json:
    wanted = required(args, "usergroup")
    for group in context.workspace.groups:
        if group.id == wanted:
            return {"users": list(group.users)}
    raise SlackError("no_such_subteam")


def bot_info(context: Context, args: Json) -> Json:
    for person in context.workspace.people.values():
        if person.bot_id == str(args.get("bot") or people.BOT):
            bot = {"id": person.bot_id, "name": person.real_name, "user_id": person.id, "deleted": False}
            return {"bot": {**bot, "app_id": people.APP} if person.bot_id == people.BOT else bot}
    raise SlackError("bot_not_found")


def team_info(context: Context, _args: Json) -> Json:
    team = context.workspace.team
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": f"{team.domain}.com"}}


def open_connection(context: Context, _args: Json) -> Json:
    base = context.base_url().replace("http://", "ws://", 1)
    return {"url": f"{base}/link/?ticket={context.sockets.ticket()}&app_id={people.APP}"}


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "api.test": api_test,
    "users.info": user_info,
    "users.list": user_list,
    "usergroups.list": group_list,
    "usergroups.users.list": group_users,
    "bots.info": bot_info,
    "team.info": team_info,
    "apps.connections.open": open_connection,
}
