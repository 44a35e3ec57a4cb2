"""Modals and the App Home: the view objects that Slack makes of what the bot sends, and each person's stack of them."""

from __future__ import annotations

import secrets
from typing import Any

from bot.playground import limits, people
from bot.playground.block_kit import check_view, fill_ids
from bot.playground.errors import SlackError
from bot.playground.workspace import Change, Json, Workspace

_GIVEN = ("type", "blocks", "title", "submit", "close", "private_metadata", "callback_id", "external_id")
_FLAGS = ("clear_on_close", "notify_on_close", "submit_disabled")


def make_view(workspace: Workspace, view: Any, kind: str) -> Json:
    """The view object of a payload: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload"""
    faults = check_view(view)
    if not faults and view["type"] != kind:
        faults = [f"`type` must be {kind} [json-pointer:/view/type]"]
    if faults:
        raise SlackError("invalid_arguments", tuple(f"[ERROR] {fault}" for fault in faults))
    view_id = Workspace.new_id("V")
    return {
        "id": view_id,
        "team_id": workspace.team.id,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "title": None,
        "submit": None,
        "close": None,
        **{key: view[key] for key in _GIVEN if key in view},
        **{flag: bool(view.get(flag)) for flag in _FLAGS},
        "blocks": fill_ids(view["blocks"], lambda: Workspace.new_id("b")),
        "state": {"values": {}},
        "hash": _new_hash(),
        "root_view_id": view_id,
        "previous_view_id": None,
        "app_id": people.APP,
        "app_installed_team_id": workspace.team.id,
        "bot_id": people.BOT,
    }


def open_modal(workspace: Workspace, user: str, view: Any, *, push: bool) -> Json:
    """Show a modal, on top of the others when `push` is set, else in place of them all."""
    stack = workspace.modals.setdefault(user, [])
    made = make_view(workspace, view, "modal")
    if push and len(stack) >= limits.VIEW_STACK:
        raise SlackError("push_limit_reached")
    if push and stack:
        made.update(root_view_id=stack[0]["id"], previous_view_id=stack[-1]["id"])
    else:
        stack.clear()
    stack.append(made)
    workspace.announce(Change("modals", user=user))
    return made


def update_view(workspace: Workspace, arguments: Json) -> Json:
    """`views.update`: by `view_id` or `external_id`; a stale `hash` is refused."""
    user, old = find_view(workspace, str(arguments.get("view_id", "")), str(arguments.get("external_id", "")))
    if arguments.get("hash") and arguments["hash"] != old["hash"]:
        raise SlackError("hash_conflict")
    return replace_view(workspace, user, old, arguments.get("view"))


def replace_view(workspace: Workspace, user: str, old: Json, view: Any) -> Json:
    """Put new contents into a view; what a person entered in blocks that stay is kept."""
    made = make_view(workspace, view, old["type"])
    for key in ("id", "root_view_id", "previous_view_id"):
        made[key] = old[key]
    kept = {block["block_id"] for block in made["blocks"]}
    made["state"] = {"values": {key: value for key, value in old["state"]["values"].items() if key in kept}}
    old.clear()
    old.update(made)
    workspace.announce(Change("modals" if made["type"] == "modal" else "home", user=user))
    return old


def publish_home(workspace: Workspace, arguments: Json) -> Json:
    """`views.publish`: what a person sees on the app's Home tab."""
    user = workspace.person(str(arguments.get("user_id", ""))).id
    old = workspace.homes.get(user)
    if old and arguments.get("hash") and arguments["hash"] != old["hash"]:
        raise SlackError("hash_conflict")
    made = make_view(workspace, arguments.get("view"), "home")
    if old:
        made["id"] = made["root_view_id"] = old["id"]
    workspace.homes[user] = made
    workspace.announce(Change("home", user=user))
    return made


def find_view(workspace: Workspace, view_id: str, external_id: str = "") -> tuple[str, Json]:
    """The person who has this view open, and the view."""
    for user, stack in workspace.modals.items():
        for view in stack:
            if (view_id and view["id"] == view_id) or (external_id and view["external_id"] == external_id):
                return user, view
    for user, view in workspace.homes.items():
        if view_id and view["id"] == view_id:
            return user, view
    raise SlackError("not_found")


def close_modal(workspace: Workspace, user: str, *, everything: bool) -> None:
    stack = workspace.modals.get(user, [])
    if everything:
        stack.clear()
    elif stack:
        stack.pop()
    workspace.announce(Change("modals", user=user))


def _new_hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"


def submitted(workspace: Workspace, user: str, view: Json, answer: Any) -> None:
    """Do what the acknowledgement of a submission asks: https://docs.slack.dev/surfaces/modals#handling_submissions"""
    action = answer.get("response_action", "") if isinstance(answer, dict) else ""
    if action == "errors":
        show_errors(workspace, user, view, answer.get("errors") or {})
    elif action == "update":
        replace_view(workspace, user, view, answer.get("view"))
    elif action == "push":
        open_modal(workspace, user, answer.get("view"), push=True)
    elif view in workspace.modals.get(user, []):
        close_modal(workspace, user, everything=action == "clear" or view["clear_on_close"])


def show_errors(workspace: Workspace, user: str, view: Json, errors: Json) -> None:
    """Show errors by `block_id` in a modal that stays open; the key "" is for the modal as a whole."""
    view["errors"] = {str(key): str(value) for key, value in errors.items()}
    workspace.announce(Change("modals", user=user))
