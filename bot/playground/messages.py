"""What a message by the bot may hold, whichever way it comes in: `chat.*` methods or a `response_url`."""

from __future__ import annotations

import json
from typing import Any

from bot.playground import limits
from bot.playground.block_kit import check_blocks, fill_ids, text_length
from bot.playground.errors import SlackError
from bot.playground.workspace import Json, Workspace


def message_fields(arguments: Json, *, text_bytes: int | None = None) -> Json:
    """The `text`, `blocks` and `metadata` of a message, checked as Slack checks them.

    `text_bytes` is the most that the text may hold; without it, longer text is cut. Raises SlackError.
    """
    text = str(arguments.get("text") or "")
    blocks = arguments.get("blocks")
    if text_bytes is not None and len(text.encode()) > text_bytes:
        raise SlackError("msg_too_long")
    fields: Json = {"text": text[: limits.MESSAGE_TEXT]}
    if blocks:
        fields["blocks"] = checked_blocks(blocks)
    elif not text.strip() and not arguments.get("attachments"):
        raise SlackError("no_text")
    if "blocks" in arguments and not blocks:
        fields["blocks"] = []
    if arguments.get("metadata"):
        fields["metadata"] = _metadata(arguments["metadata"])
    elif "metadata" in arguments:
        fields["metadata"] = {}
    return fields


def checked_blocks(blocks: Any) -> list[Json]:
    faults = check_blocks(blocks)
    if faults:
        raise SlackError("invalid_blocks", tuple(f"[ERROR] {fault}" for fault in faults))
    if text_length(blocks) > limits.MESSAGE_BLOCK_TEXT:
        raise SlackError("msg_blocks_too_long")
    return fill_ids(blocks, lambda: Workspace.new_id("b"))


def _metadata(metadata: Any) -> Json:
    """Message metadata: https://docs.slack.dev/messaging/message-metadata"""
    well = isinstance(metadata, dict) and isinstance(metadata.get("event_payload"), dict)
    if not well or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > limits.METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}
