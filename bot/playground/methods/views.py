"""`views.*`: https://docs.slack.dev/reference/methods?family=views"""

from __future__ import annotations

from bot.playground import views
from bot.playground.methods.context import Context, Method
from bot.playground.workspace import Json


def open_view(context: Context, args: Json) -> Json:
    user = context.responses.redeem(str(args.get("trigger_id") or ""))
    return {"view": views.open_modal(context.workspace, user, args.get("view"), push=False)}


def push_view(context: Context, args: Json) -> Json:
    user = context.responses.redeem(str(args.get("trigger_id") or ""))
    return {"view": views.open_modal(context.workspace, user, args.get("view"), push=True)}


def update_view(context: Context, args: Json) -> Json:
    return {"view": views.update_view(context.workspace, args)}


def publish_view(context: Context, args: Json) -> Json:
    return {"view": views.publish_home(context.workspace, args)}


METHODS: dict[str, Method] = {
    "views.open": open_view,
    "views.push": push_view,
    "views.update": update_view,
    "views.publish": publish_view,
}
