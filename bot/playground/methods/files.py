"""`files.*`, as `files_upload_v2` of the SDKs uses them: https://docs.slack.dev/messaging/working-with-files"""

from __future__ import annotations

import secrets
from typing import Any

from bot.playground import people
from bot.playground.errors import SlackError
from bot.playground.files import StoredFile
from bot.playground.messages import checked_blocks
from bot.playground.methods.context import Context, Method, required
from bot.playground.workspace import Json


def get_upload_url(context: Context, args: Json) -> Json:
    name = required(args, "filename")
    length = str(args.get("length") or "")
    if not length.isdigit() or int(length) == 0:
        raise SlackError("invalid_arguments", ("[ERROR] `length` must be a positive integer",))
    file_id = context.workspace.new_id("F")
    now = int(context.workspace.clock())
    stored = StoredFile(file_id, name, people.BOT_USER, context.base_url(), now, context.workspace.team.id)
    stored.expected = int(length)
    stored.upload_secret = secrets.token_urlsafe(24)
    stored.alt = str(args.get("alt_txt") or "")
    if args.get("snippet_type"):
        stored.mode = "snippet"
    context.workspace.files[file_id] = stored
    return {
        "file_id": file_id,
        "upload_url": f"{context.base_url()}/upload/v1/{file_id}/{stored.upload_secret}",
    }


def complete_upload(context: Context, args: Json) -> Json:
    listed = args.get("files")
    if not isinstance(listed, list) or not listed:
        raise SlackError("invalid_arguments", ("[ERROR] missing required field: files",))
    stored = [_uploaded(context, item) for item in listed]
    for channel in str(args.get("channel_id") or args.get("channels") or "").split(","):
        if channel:
            _share(context, args, stored, context.workspace.channel(channel).id)
    return {"files": [file.to_slack() for file in stored]}


def file_info(context: Context, args: Json) -> Json:
    stored = context.workspace.files.get(required(args, "file"))
    if stored is None or stored.content is None:
        raise SlackError("file_not_found")
    answer: Json = {"file": stored.to_slack(), "comments": []}
    if stored.is_text:
        answer["content"] = stored.content.decode("utf-8", "replace")
    return answer


def delete(context: Context, args: Json) -> Json:
    """Only what the bot owns. A message that was nothing but this file goes with it."""
    stored = context.workspace.files.get(required(args, "file"))
    if stored is None:
        raise SlackError("file_not_found")
    if stored.user != people.BOT_USER:
        raise SlackError("cant_delete_file")
    del context.workspace.files[stored.id]
    for channel in dict.fromkeys(stored.shared_in):
        for message in context.workspace.messages(channel):
            _unshare(context, channel, message, stored.id)
    return {}


def _unshare(context: Context, channel: str, message: Json, file: str) -> None:
    shared = message.get("files") or []
    kept = [each for each in shared if each["id"] != file]
    if len(kept) == len(shared):
        return
    if kept or message.get("text"):
        message["files"] = kept
        context.workspace.touch(channel, message)
    else:
        context.workspace.delete(channel, message["ts"])


def _uploaded(context: Context, item: Any) -> StoredFile:
    stored = context.workspace.files.get(str(item.get("id"))) if isinstance(item, dict) else None
    if stored is None or stored.content is None:
        raise SlackError("file_not_found")
    stored.title = str(item.get("title") or stored.name)
    return stored


def _share(context: Context, args: Json, stored: list[StoredFile], channel: str) -> None:
    for file in stored:
        file.shared_in.append(channel)
    fields: Json = {
        "subtype": "file_share",
        "user": people.BOT_USER,
        "bot_id": people.BOT,
        "app_id": people.APP,
        "text": str(args.get("initial_comment") or ""),
        "files": [file.to_slack() for file in stored],
        "upload": True,
    }
    if args.get("blocks"):
        fields["blocks"] = checked_blocks(args["blocks"])
    context.workspace.post(channel, fields, str(args.get("thread_ts") or ""))


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": file_info,
    "files.delete": delete,
}
